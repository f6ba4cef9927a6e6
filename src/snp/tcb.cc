#include "svsm/snp/tcb.h"

#include <span>

namespace svsm::snp {
namespace {

// Where each component is; kNowhere where the layout has none.
constexpr std::uint8_t kNowhere = 0xFF;
struct Places {
  std::uint8_t fmc, bootloader, tee, snp, microcode;
};
constexpr Places kMilanPlaces = {kNowhere, 0, 1, 6, 7};
constexpr Places kTurinPlaces = {0, 1, 2, 3, 7};
constexpr std::uint8_t kMilanReserved[] = {2, 3, 4, 5};
constexpr std::uint8_t kTurinReserved[] = {4, 5, 6};

constexpr Places PlacesOf(TcbLayout layout) {
  return layout == TcbLayout::kMilan ? kMilanPlaces : kTurinPlaces;
}

std::span<const std::uint8_t> ReservedOf(TcbLayout layout) {
  if (layout == TcbLayout::kMilan) return kMilanReserved;
  return kTurinReserved;
}

}  // namespace

const char* TcbComponentName(TcbComponent component) {
  switch (component) {
    case TcbComponent::kFmc:
      return "FMC";
    case TcbComponent::kBootloader:
      return "bootloader";
    case TcbComponent::kTee:
      return "TEE";
    case TcbComponent::kSnp:
      return "SNP";
    case TcbComponent::kMicrocode:
      return "microcode";
  }
  return "?";
}

Result<TcbVersion> DecodeTcb(const RawTcb& raw, TcbLayout layout) {
  for (const std::uint8_t index : ReservedOf(layout)) {
    if (raw[index] != 0) return Status(Code::kMalformed, Source::kSnp, index);
  }
  const Places at = PlacesOf(layout);
  TcbVersion tcb;
  tcb.layout = layout;
  tcb.fmc = at.fmc == kNowhere ? std::uint8_t{0} : raw[at.fmc];
  tcb.bootloader = raw[at.bootloader];
  tcb.tee = raw[at.tee];
  tcb.snp = raw[at.snp];
  tcb.microcode = raw[at.microcode];
  return tcb;
}

RawTcb EncodeTcb(const TcbVersion& tcb) {
  const Places at = PlacesOf(tcb.layout);
  RawTcb raw{};
  if (at.fmc != kNowhere) raw[at.fmc] = tcb.fmc;
  raw[at.bootloader] = tcb.bootloader;
  raw[at.tee] = tcb.tee;
  raw[at.snp] = tcb.snp;
  raw[at.microcode] = tcb.microcode;
  return raw;
}

std::optional<TcbComponent> FirstBelow(const TcbVersion& tcb, const TcbVersion& minimum) {
  if (tcb.layout != minimum.layout) return TcbComponent::kFmc;
  for (const TcbComponent component : kTcbComponents) {
    if (tcb.component(component) < minimum.component(component)) return component;
  }
  return std::nullopt;
}

}  // namespace svsm::snp
