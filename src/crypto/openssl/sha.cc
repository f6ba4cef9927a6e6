// OpenSSL 3 marks these functions as deprecated in favour of EVP, whose price a call is what this
// file is here to save; they run on the same code.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/openssl/sha.h"

#include <span>

#include "crypto/openssl/sha256_pair.h"

namespace svsm::crypto::openssl {
namespace {

constexpr std::size_t kMaxShaBlockSize = 128;

template <typename T>
ByteSpan BytesOf(T& object) {
  return ByteSpan(static_cast<std::uint8_t*>(static_cast<void*>(&object)), sizeof(T));
}

}  // namespace

bool ShaState::Has(HashAlg alg) {
  switch (alg) {
    case HashAlg::kSha1:
    case HashAlg::kSha256:
    case HashAlg::kSha384:
    case HashAlg::kSha512:
      return true;
    default:
      return false;
  }
}

ShaState::ShaState(HashAlg alg) : alg_(alg) {
  switch (alg) {
    case HashAlg::kSha1:
      SHA1_Init(&sha1_);
      break;
    case HashAlg::kSha256:
      SHA256_Init(&sha256_);
      break;
    case HashAlg::kSha384:
      SHA384_Init(&sha512_);
      break;
    default:
      SHA512_Init(&sha512_);
      break;
  }
}

void ShaState::Update(ByteView data) {
  switch (alg_) {
    case HashAlg::kSha1:
      SHA1_Update(&sha1_, data.data(), data.size());
      break;
    case HashAlg::kSha256:
      SHA256_Update(&sha256_, data.data(), data.size());
      break;
    default:
      SHA512_Update(&sha512_, data.data(), data.size());
      break;
  }
}

void ShaState::Finish(ByteSpan out) {
  switch (alg_) {
    case HashAlg::kSha1:
      SHA1_Final(out.data(), &sha1_);
      break;
    case HashAlg::kSha256:
      SHA256_Final(out.data(), &sha256_);
      break;
    default:
      SHA512_Final(out.data(), &sha512_);
      break;
  }
}

ShaHmac::ShaHmac(HashAlg alg, ByteView key) : inner(alg), outer(alg) {
  Bytes<kMaxShaBlockSize> block{};
  const ByteSpan used = ByteSpan(block).first(BlockSize(alg));
  if (key.size() > used.size()) {
    ShaState state(alg);
    state.Update(key);
    state.Finish(used.first(DigestSize(alg)));
    Wipe(BytesOf(state));
  } else {
    Copy(used, key);
  }
  for (std::uint8_t& byte : used) byte ^= 0x36;
  inner.Update(used);
  for (std::uint8_t& byte : used) byte ^= 0x36 ^ 0x5C;
  outer.Update(used);
  Wipe(block);
}

ShaHmac::~ShaHmac() {
  Wipe(BytesOf(inner));
  Wipe(BytesOf(outer));
}

void ShaHmac::Compute(std::span<const ByteView> parts, ByteSpan out) const {
  ShaState state = inner;
  for (const ByteView part : parts) state.Update(part);
  state.Finish(out);
  state = outer;
  state.Update(out);
  state.Finish(out);
  Wipe(BytesOf(state));
}

void ShaHmac::ComputeMany(std::span<const HmacMessage> messages) const {
  if (inner.algorithm() != HashAlg::kSha256 || messages.size() < 2 || !HasSha256Pair()) {
    for (const HmacMessage& message : messages) Compute(message.parts, message.out);
    return;
  }
  Sha256HmacPair pair(inner.sha256(), outer.sha256());
  ForEachPair(
      messages, [&](const auto&... two) { pair.Compute(two...); },
      [&](const HmacMessage& one) { Compute(one.parts, one.out); });
}

}  // namespace svsm::crypto::openssl
