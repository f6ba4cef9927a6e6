#include "sim/guest_services.h"

#include <array>
#include <span>

#include "sim/cpuid.h"
#include "sim/report_builder.h"
#include "svsm/core/writer.h"
#include "svsm/snp/cpuid_table.h"
#include "svsm/snp/derived_key.h"
#include "svsm/snp/tsc_info.h"

namespace svsm::sim {

namespace {

namespace field = snp::derived_key_field;

// Whether every component of `tcb` is at most that of `limit`.
bool TcbAtMost(const snp::RawTcb& tcb, const snp::RawTcb& limit) {
  for (std::size_t i = 0; i < tcb.size(); ++i) {
    if (tcb[i] > limit[i]) return false;
  }
  return true;
}

std::uint32_t JudgeReport(const GuestServiceContext& context, const snp::ReportRequest& request) {
  const std::uint32_t vmpl = request.vmpl.get();
  if (vmpl < context.caller.value() || vmpl >= kNumVmpls || !IsZero(request.reserved_48)) {
    return snp::kMessageInvalidParam;
  }
  switch (static_cast<snp::ReportKey>(request.key_select.get())) {
    case snp::ReportKey::kVlekIfLoaded:
    case snp::ReportKey::kVcek:
      return snp::kMessageSuccess;
    case snp::ReportKey::kVlek:
      return context.vlek == nullptr ? snp::kMessageInvalidKey : snp::kMessageSuccess;
  }
  return snp::kMessageInvalidParam;
}

std::uint32_t JudgeKey(const GuestServiceContext& context,
                       const snp::DerivedKeySelection& selection) {
  if (selection.vmpl < context.caller || selection.guest_svn > context.guest.guest_svn ||
      !TcbAtMost(selection.tcb, context.platform.committed_tcb) ||
      (selection.launch_mit_vector & ~context.guest.launch_mit_vector) != 0) {
    return snp::kMessageInvalidParam;
  }
  // Without a migration agent there is no VMRK.
  return selection.root == snp::RootKey::kVmrk ? snp::kMessageInvalidKey : snp::kMessageSuccess;
}

template <std::size_t N>
void PutIf(wire::Writer& writer, bool selected, const Bytes<N>& value) {
  if (selected) {
    writer.Put(value);
  } else {
    writer.Zeros(N);
  }
}

Status Derive(const GuestServiceContext& context, const snp::DerivedKeySelection& selection,
              FixedSpan<snp::kDerivedKeySize> key) {
  static constexpr auto kLabel = Ascii("svsm sim derived key 1");
  const auto selected = [&](std::uint64_t bit) { return (selection.fields & bit) != 0; };
  Bytes<256> buffer{};
  wire::Writer writer(buffer);
  writer.Put(kLabel);
  writer.Le32(static_cast<std::uint32_t>(selection.root));
  writer.Le64(selection.fields);
  writer.Le32(selection.vmpl.value());
  writer.Le64(selected(field::kPolicy) ? context.guest.policy : 0);
  PutIf(writer, selected(field::kImageId), context.guest.image_id);
  PutIf(writer, selected(field::kFamilyId), context.guest.family_id);
  PutIf(writer, selected(field::kMeasurement), context.guest.measurement);
  writer.Le32(selected(field::kGuestSvn) ? selection.guest_svn : 0);
  PutIf(writer, selected(field::kTcbVersion), selection.tcb);
  writer.Le64(selected(field::kLaunchMitVector) ? selection.launch_mit_vector : 0);
  SVSM_ASSIGN_OR_RETURN(const ByteView bytes, writer.Finish());
  return context.chip.DeriveSecret(bytes, key);
}

template <typename T>
void Append(ByteVector& out, const T& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Status NoSuchRequest() { return Status(Code::kUnsupported, Source::kSim); }

}  // namespace

Result<ByteVector> AnswerRequest(const GuestServiceContext& context, snp::MessageType type,
                                 std::uint8_t version, ByteView payload) {
  const bool is_first = version == 1;
  switch (type) {
    case snp::MessageType::kReportRequest:
      if (!is_first || payload.size() != sizeof(snp::ReportRequest)) break;
      return AnswerReportRequest(context, payload);
    case snp::MessageType::kKeyRequest: {
      const std::size_t size = version == 2 ? sizeof(snp::KeyRequestV2) : sizeof(snp::KeyRequest);
      if (payload.size() != size) break;
      return AnswerKeyRequest(context, version, payload);
    }
    case snp::MessageType::kTscInfoRequest:
      if (!is_first || payload.size() != snp::kTscInfoSize) break;
      return AnswerTscInfoRequest(context, payload);
    case snp::MessageType::kCpuidRequest:
      if (!is_first) break;
      return AnswerCpuidRequest(context, payload);
    default:
      break;
  }
  return NoSuchRequest();
}

ByteVector AnswerTscInfoRequest(const GuestServiceContext& context, ByteView payload) {
  const bool granted = context.guest.tsc && IsZero(payload);
  const std::uint32_t status = granted ? snp::kMessageSuccess : snp::kMessageInvalidParam;
  return ToVector(snp::EncodeTscInfo(status, context.guest.tsc.value_or(snp::TscInfo())));
}

Result<ByteVector> AnswerCpuidRequest(const GuestServiceContext& context, ByteView payload) {
  std::array<snp::CpuidFunction, snp::kMaxCpuidFunctions> functions;
  const Result<std::size_t> count = snp::DecodeCpuidRequest(payload, functions);
  if (!count.ok()) return NoSuchRequest();
  const auto used = std::span(functions).first(*count);
  const bool corrected = CorrectCpuid(context.chip.line(), used);
  ByteVector out(snp::CpuidTableSize(*count));
  SVSM_TRY(snp::EncodeCpuidResponse(corrected ? snp::kMessageInvalidParam : snp::kMessageSuccess,
                                    used, out)
               .status());
  return out;
}

Result<ByteVector> AnswerReportRequest(const GuestServiceContext& context, ByteView payload) {
  SVSM_ASSIGN_OR_RETURN(const snp::ReportRequest request, wire::Read<snp::ReportRequest>(payload));
  snp::ReportResponse head{};
  Bytes<snp::kReportSize> report{};
  head.status = JudgeReport(context, request);
  if (head.status.get() == snp::kMessageSuccess) {
    head.report_size = snp::kReportSize;
    const auto key = static_cast<snp::ReportKey>(request.key_select.get());
    const ReportSigner signer{context.chip, key == snp::ReportKey::kVcek ? nullptr : context.vlek};
    SVSM_ASSIGN_OR_RETURN(report, BuildReport(context.guest, context.platform, signer,
                                              request.vmpl.get(), request.report_data));
  }
  ByteVector response;
  Append(response, wire::ToBytes(head));
  Append(response, report);
  return response;
}

Result<ByteVector> AnswerKeyRequest(const GuestServiceContext& context, std::uint8_t version,
                                    ByteView payload) {
  snp::KeyResponse response{};
  const Result<snp::DerivedKeySelection> selection = snp::DecodeKeyRequest(version, payload);
  response.status = selection.ok() ? JudgeKey(context, *selection) : snp::kMessageInvalidParam;
  if (response.status.get() == snp::kMessageSuccess) {
    SVSM_TRY(Derive(context, *selection, response.derived_key));
  }
  ByteVector out;
  Append(out, wire::ToBytes(response));
  Wipe(response.derived_key);
  return out;
}

}  // namespace svsm::sim
