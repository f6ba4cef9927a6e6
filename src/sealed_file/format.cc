#include "sealed_file/format.h"

#include "svsm/core/reader.h"
#include "svsm/core/state_store.h"
#include "svsm/core/writer.h"

namespace svsm::sealed_file::internal {
namespace {

// Plaintext that does not outlive its scope.
class WipedBytes {
 public:
  explicit WipedBytes(ByteVector bytes) : bytes_(std::move(bytes)) {}
  WipedBytes(const WipedBytes&) = delete;
  WipedBytes& operator=(const WipedBytes&) = delete;
  ~WipedBytes() { Wipe(bytes_); }
  ByteVector& get() { return bytes_; }

 private:
  ByteVector bytes_;
};

// Adds the next entry; names come in strictly rising order.
void ReadEntry(wire::Reader& r, Blobs& blobs) {
  const ByteView name = r.Take(r.U8());
  const ByteView blob = r.Take(r.Le32());
  const std::string text(name.begin(), name.end());
  r.Require(text.find('\0') == std::string::npos && IsStateName(text.c_str()));
  r.Require(blobs.empty() || blobs.rbegin()->first < text);
  if (r.ok()) blobs.emplace_hint(blobs.end(), text, ToVector(blob));
}

Result<Header> ReadHeader(ByteView file) {
  const auto malformed = [](std::size_t offset) {
    return Status(Code::kMalformed, Source::kSealedFile, static_cast<std::uint32_t>(offset));
  };
  const Result<Header> header = wire::Read<Header>(file);
  if (!header.ok()) return malformed(file.size());
  if (!Equal(header->magic, kMagic)) return malformed(offsetof(Header, magic));
  if (header->version.get() != kVersion) {
    return Status(Code::kUnsupported, Source::kSealedFile, header->version.get());
  }
  if (header->header_size.get() != sizeof(Header)) return malformed(offsetof(Header, header_size));
  if (header->payload_size.get() != file.size() - sizeof(Header)) {
    return malformed(offsetof(Header, payload_size));
  }
  if (!IsZero(header->reserved)) return malformed(offsetof(Header, reserved));
  return header;
}

}  // namespace

void WipeBlobs(Blobs& blobs) {
  for (auto& [name, blob] : blobs) Wipe(blob);
  blobs.clear();
}

std::size_t PayloadSize(const Blobs& blobs) {
  std::size_t size = 4;
  for (const auto& [name, blob] : blobs) size += 1 + name.size() + 4 + blob.size();
  return size;
}

ByteVector EncodePayload(const Blobs& blobs) {
  ByteVector out(PayloadSize(blobs));
  wire::Writer w(out);
  w.Le32(static_cast<std::uint32_t>(blobs.size()));
  for (const auto& [name, blob] : blobs) {
    w.U8(static_cast<std::uint8_t>(name.size()));
    w.Put(AsBytes(name));
    w.Le32(static_cast<std::uint32_t>(blob.size()));
    w.Put(blob);
  }
  SVSM_CHECK(w.ok() && w.size() == out.size());
  return out;
}

Result<Blobs> DecodePayload(ByteView payload) {
  wire::Reader r(payload);
  Blobs blobs;
  const std::uint32_t count = r.Le32();
  for (std::uint32_t i = 0; r.ok() && i < count; ++i) ReadEntry(r, blobs);
  if (!r.Finish().ok()) {
    WipeBlobs(blobs);
    return Status(Code::kDataLoss, Source::kSealedFile);
  }
  return blobs;
}

Result<ByteVector> Seal(const Blobs& blobs, std::uint64_t generation, crypto::Aead& aead,
                        crypto::Rng& rng) {
  WipedBytes payload(EncodePayload(blobs));
  Header header{};
  header.magic = kMagic;
  header.version = kVersion;
  header.header_size = sizeof(Header);
  header.payload_size = payload.get().size();
  header.generation = generation;
  SVSM_TRY(rng.Generate(header.nonce));
  const auto aad = wire::ToBytes(header);
  ByteVector file(sizeof(Header) + payload.get().size());
  SVSM_TRY(aead.Seal(header.nonce, ByteView(aad).first(kAadSize), payload.get(),
                     ByteSpan(file).subspan(sizeof(Header)), header.tag));
  Copy(file, wire::ToBytes(header));
  return file;
}

Result<Unsealed> Unseal(ByteView file, crypto::Aead& aead) {
  SVSM_ASSIGN_OR_RETURN(const Header header, ReadHeader(file));
  WipedBytes payload(ByteVector(file.size() - sizeof(Header)));
  SVSM_TRY(aead.Open(header.nonce, file.first(kAadSize), file.subspan(sizeof(Header)), header.tag,
                     payload.get()));
  Unsealed unsealed;
  SVSM_ASSIGN_OR_RETURN(unsealed.blobs, DecodePayload(payload.get()));
  unsealed.generation = header.generation.get();
  return unsealed;
}

}  // namespace svsm::sealed_file::internal
