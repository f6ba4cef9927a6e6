#include <algorithm>

#include "svsm/core/panic.h"
#include "svsm/core/wire.h"
#include "svsm/protocol/vmsa.h"
#include "svsm/sim/machine.h"

namespace svsm::sim {

namespace {

// Of both images, behind the program.
constexpr std::uint64_t kSecretsOffset = kMaxProgramSize;
constexpr std::uint64_t kCpuidOffset = kMaxProgramSize + kPageSize;
constexpr std::uint64_t kZeroOffset = kMaxProgramSize + 2 * kPageSize;

Gpa At(Gpa base, std::uint64_t offset) { return Gpa(base.value() + offset); }

LaunchPage PageWithout(snp::PageType type, Gpa gpa) {
  LaunchPage page;
  page.type = type;
  page.gpa = gpa;
  return page;
}

// The launch state of the boot CPU, at VMPL 0: SEV features and EFER are all that the machine
// looks at.
LaunchPage BootVmsa() {
  LaunchPage page = PageWithout(snp::PageType::kVmsa, snp::kKvmVmsaGpa);
  page.contents.assign(kPageSize, 0);
  const ByteSpan bytes(page.contents);
  Copy(bytes.subspan(protocol::kVmsaEfer), wire::ToBytes(wire::Le64(protocol::kEferSvme)));
  Copy(bytes.subspan(protocol::kVmsaSevFeatures), wire::ToBytes(wire::Le64(1)));
  return page;
}

LaunchImage ImageAt(Gpa base, ByteView program, Svsm svsm) {
  SVSM_CHECK(program.size() <= kMaxProgramSize);
  LaunchImage image;
  image.svsm = svsm;
  for (std::size_t at = 0; at < program.size(); at += kPageSize) {
    LaunchPage page = PageWithout(snp::PageType::kNormal, At(base, at));
    page.contents =
        ToVector(program.subspan(at, std::min<std::size_t>(kPageSize, program.size() - at)));
    page.contents.resize(kPageSize);
    image.pages.push_back(std::move(page));
  }
  image.pages.push_back(PageWithout(snp::PageType::kSecrets, At(base, kSecretsOffset)));
  image.pages.push_back(PageWithout(snp::PageType::kCpuid, At(base, kCpuidOffset)));
  image.pages.push_back(PageWithout(snp::PageType::kZero, At(base, kZeroOffset)));
  image.pages.push_back(BootVmsa());
  return image;
}

}  // namespace

LaunchImage SvsmImage(ByteView program) { return ImageAt(kSvsmBase, program, Svsm::kPresent); }

LaunchImage PlainImage(ByteView program) { return ImageAt(kPlainBase, program, Svsm::kAbsent); }

}  // namespace svsm::sim
