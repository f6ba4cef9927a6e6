#include "svsm/snp/derived_key.h"

namespace svsm::snp {
namespace {

Status Malformed(std::size_t detail) {
  return Status(Code::kMalformed, Source::kSnp, static_cast<std::uint32_t>(detail));
}

bool IsKnown(RootKey root) { return root == RootKey::kVcek || root == RootKey::kVmrk; }

}  // namespace

Result<EncodedKeyRequest> EncodeKeyRequest(const DerivedKeySelection& selection) {
  if (selection.vmpl.value() >= kNumVmpls || !IsKnown(selection.root) ||
      (selection.fields & derived_key_field::kReserved) != 0) {
    return Status(Code::kInvalidArgument, Source::kSnp);
  }
  KeyRequestV2 request{};
  request.v1.root_key_select = static_cast<std::uint32_t>(selection.root);
  request.v1.guest_field_select = selection.fields;
  request.v1.vmpl = selection.vmpl.value();
  request.v1.guest_svn = selection.guest_svn;
  request.v1.tcb = selection.tcb;
  EncodedKeyRequest encoded;
  if ((selection.fields & derived_key_field::kLaunchMitVector) != 0) {
    request.launch_mit_vector = selection.launch_mit_vector;
    encoded.message_version = 2;
    encoded.size_bytes = sizeof(KeyRequestV2);
  } else {
    encoded.message_version = 1;
    encoded.size_bytes = sizeof(KeyRequest);
  }
  encoded.bytes = wire::ToBytes(request);
  return encoded;
}

Result<DerivedKeySelection> DecodeKeyRequest(std::uint8_t message_version, ByteView payload) {
  if (message_version != 1 && message_version != 2) {
    return Status(Code::kUnsupported, Source::kSnp, message_version);
  }
  const std::size_t size = message_version == 1 ? sizeof(KeyRequest) : sizeof(KeyRequestV2);
  if (payload.size() != size) return Malformed(size);
  Bytes<sizeof(KeyRequestV2)> bytes{};
  Copy(bytes, payload);
  SVSM_ASSIGN_OR_RETURN(const KeyRequestV2 request, wire::Read<KeyRequestV2>(bytes));

  DerivedKeySelection selection;
  selection.root = static_cast<RootKey>(request.v1.root_key_select.get());
  if (!IsKnown(selection.root)) return Malformed(offsetof(KeyRequest, root_key_select));
  if (request.v1.reserved_04.get() != 0) return Malformed(offsetof(KeyRequest, reserved_04));
  selection.fields = request.v1.guest_field_select.get();
  const std::uint64_t reserved =
      message_version == 1 ? derived_key_field::kReserved | derived_key_field::kLaunchMitVector
                           : derived_key_field::kReserved;
  if ((selection.fields & reserved) != 0)
    return Malformed(offsetof(KeyRequest, guest_field_select));
  selection.vmpl = Vmpl(request.v1.vmpl.get());
  if (selection.vmpl.value() >= kNumVmpls) return Malformed(offsetof(KeyRequest, vmpl));
  selection.guest_svn = request.v1.guest_svn.get();
  selection.tcb = request.v1.tcb;
  selection.launch_mit_vector = request.launch_mit_vector.get();
  return selection;
}

}  // namespace svsm::snp
