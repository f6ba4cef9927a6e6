#include <string>

#include "snp/verify/judge.h"
#include "svsm/core/hosted.h"

namespace svsm::snp {
namespace {

std::string SigningKeyText(SigningKey key) {
  switch (key) {
    case SigningKey::kVcek:
      return "VCEK";
    case SigningKey::kVlek:
      return "VLEK";
    case SigningKey::kNone:
      return "none";
  }
  return "?";
}

// Bytes 8 and up of a CHIP_ID are zero where the line's HWID has eight.
bool SameChip(FixedView<kChipIdSize> chip_id, ByteView hwid) {
  return hwid.size() <= chip_id.size() && Equal(chip_id.first(hwid.size()), hwid) &&
         IsZero(chip_id.subspan(hwid.size()));
}

}  // namespace

std::string TcbText(const TcbVersion& tcb) {
  std::string text;
  for (const TcbComponent component : kTcbComponents) {
    if (component == TcbComponent::kFmc && tcb.layout == TcbLayout::kMilan) continue;
    if (!text.empty()) text += ", ";
    text += TcbComponentName(component);
    text += ' ' + std::to_string(tcb.component(component));
  }
  return text;
}

std::optional<Product> JudgeProduct(const UnverifiedReport& report, const Leaf& leaf,
                                    Refusals& refusals) {
  const std::string wanted =
      leaf.product ? std::string(ProductName(*leaf.product)) + ", as the certificate says"
                   : "a known line";
  if (report.has_cpuid()) {
    const Result<Product> product = report.product();
    if (!product.ok()) {
      const std::uint8_t cpuid[] = {report.cpuid_family(), report.cpuid_model()};
      refusals.push_back({Reason::kProduct, "CPUID family and model " + ToHex(cpuid), wanted});
      return std::nullopt;
    }
    if (leaf.product && *leaf.product != *product) {
      refusals.push_back({Reason::kProduct, ProductName(*product), wanted});
    }
    return *product;
  }
  if (!leaf.product) return std::nullopt;
  const ChipIdForm form = ClassifyChipId(report.chip_id());
  const bool eight = TcbLayoutOf(*leaf.product) == TcbLayout::kTurin;
  if (form != ChipIdForm::kMasked && (form == ChipIdForm::kFirstEight) != eight) {
    refusals.push_back(
        {Reason::kProduct,
         form == ChipIdForm::kFirstEight ? "CHIP_ID of eight bytes" : "CHIP_ID of 64 bytes",
         wanted});
    return std::nullopt;
  }
  return leaf.product;
}

void JudgeSigningKey(const UnverifiedReport& report, const Leaf& leaf, Refusals& refusals) {
  if (report.mask_chip_key()) {
    refusals.push_back({Reason::kChipKeyMasked, "MASK_CHIP_KEY is set: the report is not signed",
                        "a signed report"});
  }
  if (!leaf.kind) return;
  const SigningKey wanted = *leaf.kind == LeafKind::kVcek ? SigningKey::kVcek : SigningKey::kVlek;
  if (report.signing_key() != wanted) {
    refusals.push_back({Reason::kSigningKey,
                        "KEY_INFO names " + SigningKeyText(report.signing_key()),
                        SigningKeyText(wanted) + ", as the certificate's subject"});
  }
}

void JudgeCertificateTcb(const ReportTcbs& tcbs, const Leaf& leaf, Refusals& refusals) {
  if (!leaf.tcb) return;
  if (tcbs.reported != *leaf.tcb) {
    refusals.push_back({Reason::kReportedTcb, "REPORTED_TCB " + TcbText(tcbs.reported),
                        "the certificate's: " + TcbText(*leaf.tcb)});
  }
  if (!AtLeast(tcbs.current, *leaf.tcb)) {
    refusals.push_back({Reason::kCurrentTcb, "CURRENT_TCB " + TcbText(tcbs.current),
                        "at least the certificate's: " + TcbText(*leaf.tcb)});
  }
}

void JudgeChipId(const UnverifiedReport& report, const Leaf& leaf, Rule masked,
                 Refusals& refusals) {
  if (leaf.kind != LeafKind::kVcek) return;
  if (ClassifyChipId(report.chip_id()) == ChipIdForm::kMasked) {
    if (masked == Rule::kRefuse) {
      refusals.push_back({Reason::kChipIdMasked, "CHIP_ID is masked", "the certificate's hwID"});
    }
    return;
  }
  if (!leaf.hwid.empty() && !SameChip(report.chip_id(), leaf.hwid)) {
    refusals.push_back({Reason::kChipId, "CHIP_ID " + ToHex(report.chip_id()),
                        "the certificate's hwID " + ToHex(leaf.hwid)});
  }
}

}  // namespace svsm::snp
