#include "svsm/snp_verify/refusal.h"

#include <array>
#include <cstddef>

namespace svsm::snp {
namespace {

constexpr std::array<const char*, kNumReasons> kReasonIds = {
    "certificate-version",
    "certificate-algorithm",
    "certificate-subject",
    "certificate-key",
    "certificate-not-ca",
    "extension-unknown",
    "extension-repeated",
    "extension-critical",
    "extension-missing",
    "extension-value",
    "certificate-product",
    "certificate-issuer",
    "certificate-signature",
    "certificate-not-yet-valid",
    "certificate-expired",
    "certificate-revoked",
    "crl-missing",
    "crl-signature",
    "crl-not-yet-valid",
    "crl-stale",
    "chip-key-masked",
    "signing-key",
    "signature-range",
    "report-signature",
    "product",
    "reported-tcb",
    "current-tcb",
    "chip-id",
    "chip-id-masked",
    "report-version",
    "measurement",
    "vmpl",
    "report-data",
    "host-data",
    "family-id",
    "image-id",
    "id-key",
    "author-key",
    "chip-id-not-listed",
    "debug",
    "migration-agent",
    "smt",
    "guest-policy",
    "platform-info",
    "guest-svn",
    "firmware-version",
    "minimum-tcb",
    "minimum-committed-tcb",
    "minimum-launch-tcb",
    "provisional-firmware",
    "mitigations",
    "ek-template",
    "ek-binding",
};
static_assert(kReasonIds.back() != nullptr);

constexpr std::array<const char*, kNumAspects> kAspectIds = {
    "measurement",          "vmpl",    "report-data", "minimum-tcb", "revocation",
    "provisional-firmware", "chip-id", "host-data",   "id-key",      "author-key",
};
static_assert(kAspectIds.back() != nullptr);

}  // namespace

const char* ReasonId(Reason reason) {
  const auto index = static_cast<std::size_t>(reason);
  return index < kReasonIds.size() ? kReasonIds[index] : "?";
}

const char* AspectId(Aspect aspect) {
  const auto index = static_cast<std::size_t>(aspect);
  return index < kAspectIds.size() ? kAspectIds[index] : "?";
}

bool Contains(const Refusals& refusals, Reason reason) {
  for (const Refusal& refusal : refusals) {
    if (refusal.reason == reason) return true;
  }
  return false;
}

}  // namespace svsm::snp
