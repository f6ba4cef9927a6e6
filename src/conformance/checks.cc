#include <array>

#include "conformance/case_run.h"
#include "svsm/protocol/manifest.h"

namespace svsm::conformance::internal {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;
constexpr std::size_t kNonceSize = 64;
constexpr std::size_t kReportDataOffset = 0x50;
constexpr std::size_t kReportDataSize = 64;
constexpr std::size_t kMostServices = 64;

}  // namespace

bool CaseRun::Argument(const Check& check, const char* name, std::uint64_t& value) {
  const auto found = check.arguments.find(name);
  if (found == check.arguments.end()) return Fail(check.name + ": no argument " + name);
  return Evaluate(found->second, value);
}

bool CaseRun::ReadGuest(const Check& check, std::uint64_t at, std::uint64_t size, ByteVector& out) {
  if (size > kMostBytes) return Fail(check.name + ": a size of " + Hex(size));
  out.resize(static_cast<std::size_t>(size));
  const Status read = subject_.Read(Gpa(at), out);
  return read.ok() ? true : Fail(check.name + ": the guest cannot read " + Hex(at));
}

bool CaseRun::CheckVersionRange(const Check& check) {
  std::uint64_t value = 0;
  std::uint64_t version = 0;
  if (!Argument(check, "value", value) || !Argument(check, "contains", version)) return false;
  const std::uint64_t max = value >> 32;
  const std::uint64_t min = value & 0xFFFFFFFF;
  return min <= version && version <= max
             ? true
             : Fail("versions " + std::to_string(min) + " to " + std::to_string(max) +
                    " do not contain " + std::to_string(version));
}

bool CaseRun::CheckBounds(const Check& check) {
  std::uint64_t value = 0;
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  if (!Argument(check, "value", value) || !Argument(check, "min", min) ||
      !Argument(check, "max", max)) {
    return false;
  }
  return min <= value && value <= max ? true
                                      : Fail(check.arguments.at("value") + " is " + Hex(value) +
                                             ", not from " + Hex(min) + " to " + Hex(max));
}

bool CaseRun::CheckBits(const Check& check) {
  std::uint64_t value = 0;
  std::uint64_t set = 0;
  std::uint64_t zero = 0;
  if (!Argument(check, "value", value)) return false;
  if (check.arguments.count("set") != 0 && !Argument(check, "set", set)) return false;
  if (check.arguments.count("zero") != 0 && !Argument(check, "zero", zero)) return false;
  return (value & set) == set && (value & zero) == 0
             ? true
             : Fail(check.arguments.at("value") + " is " + Hex(value));
}

bool CaseRun::CheckServicesManifest(const Check& check) {
  std::uint64_t at = 0;
  std::uint64_t size = 0;
  ByteVector manifest;
  if (!Argument(check, "at", at) || !Argument(check, "size", size) ||
      !ReadGuest(check, at, size, manifest)) {
    return false;
  }
  std::array<protocol::ManifestEntry, kMostServices> slots;
  const auto entries = protocol::ParseServicesManifest(manifest, slots);
  return entries.ok() ? true : Fail("services manifest: " + ToString(entries.status()));
}

bool CaseRun::CheckReportData(const Check& check) {
  std::uint64_t report = 0;
  std::uint64_t nonce = 0;
  std::uint64_t manifest = 0;
  std::uint64_t size = 0;
  ByteVector in_report;
  ByteVector nonce_bytes;
  ByteVector manifest_bytes;
  if (!Argument(check, "report", report) || !Argument(check, "nonce", nonce) ||
      !Argument(check, "manifest", manifest) || !Argument(check, "size", size) ||
      !ReadGuest(check, report + kReportDataOffset, kReportDataSize, in_report) ||
      !ReadGuest(check, nonce, kNonceSize, nonce_bytes) ||
      !ReadGuest(check, manifest, size, manifest_bytes)) {
    return false;
  }
  Bytes<kReportDataSize> wanted{};
  const ByteView parts[] = {nonce_bytes, manifest_bytes};
  const Status hashed = sha512_.Digest(parts, wanted);
  if (!hashed.ok()) return Fail("SHA-512: " + ToString(hashed));
  return Equal(wanted, in_report) ? true : Fail("REPORT_DATA is not SHA-512(nonce || manifest)");
}

bool CaseRun::JudgeCheck(const Check& check) {
  if (check.name == "version_range") return CheckVersionRange(check);
  if (check.name == "bounds") return CheckBounds(check);
  if (check.name == "bits") return CheckBits(check);
  if (check.name == "services_manifest") return CheckServicesManifest(check);
  if (check.name == "report_data") return CheckReportData(check);
  return Fail("no check is named '" + check.name + "'");
}

}  // namespace svsm::conformance::internal
