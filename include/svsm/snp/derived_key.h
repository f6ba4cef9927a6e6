// svsm/snp/derived_key.h: keys that the AMD-SP derives for a guest from a root key and from what
// the guest is.
//
// The same inputs on the same chip give the same key, today and after a reboot; a guest with
// another measurement, if that is mixed in, gets another.
//
//   DerivedKeySelection selection;
//   selection.fields = derived_key_field::kMeasurement | derived_key_field::kPolicy;
//   Secret<32> key;
//   SVSM_TRY(session.DeriveKey(selection, key));
//
// Profile: freestanding. Allocates: never. Threads: values and pure functions.
// Spec: AMD 56860, "MSG_KEY_REQ", message versions 1 and 2.
#ifndef SVSM_SNP_DERIVED_KEY_H_
#define SVSM_SNP_DERIVED_KEY_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/snp/guest_message.h"
#include "svsm/snp/tcb.h"

namespace svsm::snp {

inline constexpr std::size_t kDerivedKeySize = 32;

enum class RootKey : std::uint32_t {
  kVcek = 0,  // bound to the chip and its TCB
  kVmrk = 1   // given by a migration agent
};

// GUEST_FIELD_SELECT: which properties of the guest are mixed in.
namespace derived_key_field {
inline constexpr std::uint64_t kPolicy = 1ull << 0;
inline constexpr std::uint64_t kImageId = 1ull << 1;
inline constexpr std::uint64_t kFamilyId = 1ull << 2;
inline constexpr std::uint64_t kMeasurement = 1ull << 3;
inline constexpr std::uint64_t kGuestSvn = 1ull << 4;
inline constexpr std::uint64_t kTcbVersion = 1ull << 5;
inline constexpr std::uint64_t kLaunchMitVector = 1ull << 6;  // message version 2
inline constexpr std::uint64_t kReserved = ~0x7Full;
}  // namespace derived_key_field

struct DerivedKeySelection {
  RootKey root = RootKey::kVcek;
  std::uint64_t fields = 0;             // bits: derived_key_field
  Vmpl vmpl;                            // always mixed in; the caller's or a less privileged one
  std::uint32_t guest_svn = 0;          // mixed in with kGuestSvn; at most the one of the launch
  RawTcb tcb{};                         // mixed in with kTcbVersion; at most the committed one
  std::uint64_t launch_mit_vector = 0;  // mixed in with kLaunchMitVector
};

// A request as it goes into a guest message: version 2 if kLaunchMitVector is selected, else 1.
struct EncodedKeyRequest {
  std::uint8_t message_version = 1;
  std::size_t size_bytes = 0;
  Bytes<sizeof(KeyRequestV2)> bytes{};
  ByteView view() const { return ByteView(bytes).first(size_bytes); }
};

// Errors: kInvalidArgument (VMPL above 3, a reserved field bit, an unknown root key).
Result<EncodedKeyRequest> EncodeKeyRequest(const DerivedKeySelection& selection);

// The other side: reads the payload of a key request of that message version. Errors: kUnsupported
// (detail = version), kMalformed (detail = offset of the wrong field, or the size that the payload
// should have).
Result<DerivedKeySelection> DecodeKeyRequest(std::uint8_t message_version, ByteView payload);

}  // namespace svsm::snp

#endif  // SVSM_SNP_DERIVED_KEY_H_
