#include "svsm/snp/report.h"

namespace svsm::snp {
namespace {

constexpr std::uint32_t kSignatureOffset = kReportBodySize;

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kSnp, static_cast<std::uint32_t>(offset));
}

bool SigningKeyIsKnown(std::uint32_t key_info_word) {
  const std::uint32_t key =
      (key_info_word & key_info::kSigningKeyMask) >> key_info::kSigningKeyShift;
  return key == static_cast<std::uint32_t>(SigningKey::kVcek) ||
         key == static_cast<std::uint32_t>(SigningKey::kVlek) ||
         key == static_cast<std::uint32_t>(SigningKey::kNone);
}

// Fields whose reserved values are the same in all versions.
Status CheckFields(const ReportBody& body) {
  const std::uint64_t policy = body.policy.get();
  if ((policy & guest_policy::kMustBeOne) == 0 || (policy & guest_policy::kReserved) != 0) {
    return Malformed(offsetof(ReportBody, policy));
  }
  const std::uint32_t vmpl = body.vmpl.get();
  if (vmpl >= kNumVmpls && vmpl != kHostVmpl) return Malformed(offsetof(ReportBody, vmpl));
  if (body.signature_algo.get() != kSignatureEcdsaP384Sha384) {
    return Malformed(offsetof(ReportBody, signature_algo));
  }
  const std::uint32_t key_word = body.key_info.get();
  if ((key_word & key_info::kReserved) != 0 || !SigningKeyIsKnown(key_word)) {
    return Malformed(offsetof(ReportBody, key_info));
  }
  if (body.reserved_4c.get() != 0) return Malformed(offsetof(ReportBody, reserved_4c));
  return OkStatus();
}

// Reserved bytes, of which later versions have fewer.
Status CheckReserved(const ReportBody& body) {
  const std::uint32_t version = body.version.get();
  if (version < 3 && (body.cpuid_family | body.cpuid_model | body.cpuid_stepping) != 0) {
    return Malformed(offsetof(ReportBody, cpuid_family));
  }
  if (!IsZero(body.reserved_18b)) return Malformed(offsetof(ReportBody, reserved_18b));
  if (body.reserved_1eb != 0) return Malformed(offsetof(ReportBody, reserved_1eb));
  if (body.reserved_1ef != 0) return Malformed(offsetof(ReportBody, reserved_1ef));
  if (version < 5 && body.launch_mit_vector.get() != 0) {
    return Malformed(offsetof(ReportBody, launch_mit_vector));
  }
  if (version < 5 && body.current_mit_vector.get() != 0) {
    return Malformed(offsetof(ReportBody, current_mit_vector));
  }
  if (!IsZero(body.reserved_208)) return Malformed(offsetof(ReportBody, reserved_208));
  return OkStatus();
}

Status CheckSignatureForm(const ReportSignature& signature, bool is_signed) {
  if (!is_signed && !(IsZero(signature.r) && IsZero(signature.s))) {
    return Malformed(kSignatureOffset);
  }
  if (!IsZero(signature.reserved_r)) {
    return Malformed(kSignatureOffset + offsetof(ReportSignature, reserved_r));
  }
  if (!IsZero(signature.reserved_s)) {
    return Malformed(kSignatureOffset + offsetof(ReportSignature, reserved_s));
  }
  if (!IsZero(signature.reserved_330)) {
    return Malformed(kSignatureOffset + offsetof(ReportSignature, reserved_330));
  }
  return OkStatus();
}

Bytes<kScalarSize> Reversed(FixedView<kScalarSize> bytes) {
  Bytes<kScalarSize> out{};
  for (std::size_t i = 0; i < kScalarSize; ++i) out[i] = bytes[kScalarSize - 1 - i];
  return out;
}

Status DecodeTcbAt(std::size_t offset, const RawTcb& raw, Product product, TcbVersion& out) {
  const Result<TcbVersion> tcb = DecodeTcb(raw, product);
  if (!tcb.ok()) return Malformed(offset + tcb.status().detail());
  out = *tcb;
  return OkStatus();
}

}  // namespace

ReportSignature EncodeReportSignature(FixedView<kScalarSize> r, FixedView<kScalarSize> s) {
  ReportSignature signature{};
  signature.r = Reversed(r);
  signature.s = Reversed(s);
  return signature;
}

Status UnverifiedReport::DecodeBody(ByteView in) {
  // A wire struct is its bytes: alignment 1, no padding. Filled in place, so that no stack frame
  // holds it twice.
  Copy(ByteSpan(static_cast<std::uint8_t*>(static_cast<void*>(&body_)), kReportBodySize),
       in.first(kReportBodySize));
  if (version() < kMinReportVersion || version() > kMaxReportVersion) {
    return Status(Code::kUnsupported, Source::kSnp, version());
  }
  SVSM_TRY(CheckFields(body_));
  return CheckReserved(body_);
}

Status UnverifiedReport::DecodeSignature(ByteView in) {
  SVSM_ASSIGN_OR_RETURN(const ReportSignature signature, wire::Read<ReportSignature>(in));
  SVSM_TRY(CheckSignatureForm(signature, is_signed()));
  r_ = Reversed(signature.r);
  s_ = Reversed(signature.s);
  return OkStatus();
}

Result<UnverifiedReport> DecodeReport(ByteView in) {
  if (in.size() < kReportSize) return Status(Code::kTruncated, Source::kSnp, kReportSize);
  if (in.size() > kReportSize) return Malformed(kReportSize);
  UnverifiedReport report;
  SVSM_TRY(report.DecodeBody(in));
  SVSM_TRY(report.DecodeSignature(in.subspan(kSignatureOffset)));
  return report;
}

Result<Product> UnverifiedReport::product() const {
  if (has_cpuid()) return ProductFromCpuid(cpuid_family(), cpuid_model());
  if (ClassifyChipId(chip_id()) == ChipIdForm::kFirstEight) return Product::kTurin;
  return Status(Code::kNotFound, Source::kSnp);
}

FixedView<kReportBodySize> UnverifiedReport::signed_bytes() const {
  return FixedView<kReportBodySize>(
      static_cast<const std::uint8_t*>(static_cast<const void*>(&body_)), kReportBodySize);
}

Result<ReportTcbs> DecodeReportTcbs(const UnverifiedReport& report, Product product) {
  ReportTcbs tcbs;
  SVSM_TRY(
      DecodeTcbAt(offsetof(ReportBody, current_tcb), report.current_tcb(), product, tcbs.current));
  SVSM_TRY(DecodeTcbAt(offsetof(ReportBody, reported_tcb), report.reported_tcb(), product,
                       tcbs.reported));
  SVSM_TRY(DecodeTcbAt(offsetof(ReportBody, committed_tcb), report.committed_tcb(), product,
                       tcbs.committed));
  SVSM_TRY(
      DecodeTcbAt(offsetof(ReportBody, launch_tcb), report.launch_tcb(), product, tcbs.launch));
  return tcbs;
}

}  // namespace svsm::snp
