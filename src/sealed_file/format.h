// The bytes of a sealed file; see FORMAT.md.
#ifndef SVSM_SRC_SEALED_FILE_FORMAT_H_
#define SVSM_SRC_SEALED_FILE_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/aead.h"
#include "svsm/crypto/rng.h"

namespace svsm::sealed_file::internal {

inline constexpr Bytes<8> kMagic = Ascii("SVSMSEAL");
inline constexpr std::uint32_t kVersion = 1;

struct Header {
  Bytes<8> magic;
  wire::Le32 version;
  wire::Le32 header_size;
  wire::Le64 payload_size;
  wire::Le64 generation;
  Bytes<crypto::kGcmNonceSize> nonce;
  Bytes<4> reserved;
  Bytes<crypto::kGcmTagSize> tag;
};
static_assert(wire::Struct<Header> && sizeof(Header) == 0x40);
static_assert(offsetof(Header, version) == 0x08 && offsetof(Header, header_size) == 0x0C &&
              offsetof(Header, payload_size) == 0x10 && offsetof(Header, generation) == 0x18 &&
              offsetof(Header, nonce) == 0x20 && offsetof(Header, reserved) == 0x2C &&
              offsetof(Header, tag) == 0x30);
// What precedes the tag is authenticated with the payload.
inline constexpr std::size_t kAadSize = offsetof(Header, tag);

using Blobs = std::map<std::string, ByteVector, std::less<>>;

// Overwrites all blobs with zeros and forgets them.
void WipeBlobs(Blobs& blobs);

// Bytes of the payload.
std::size_t PayloadSize(const Blobs& blobs);
ByteVector EncodePayload(const Blobs& blobs);
// Errors: kDataLoss.
Result<Blobs> DecodePayload(ByteView payload);

struct Unsealed {
  Blobs blobs;
  std::uint64_t generation = 0;
};
// `aead` has its key. Errors: Rng's and Aead's.
Result<ByteVector> Seal(const Blobs& blobs, std::uint64_t generation, crypto::Aead& aead,
                        crypto::Rng& rng);
// Errors: kMalformed (detail = offset), kUnsupported (detail = version), kAuthFailed, kDataLoss,
// and Aead's.
Result<Unsealed> Unseal(ByteView file, crypto::Aead& aead);

}  // namespace svsm::sealed_file::internal

#endif  // SVSM_SRC_SEALED_FILE_FORMAT_H_
