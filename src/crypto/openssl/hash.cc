#include "crypto/openssl/internal.h"
#include "crypto/openssl/sha.h"
#include "crypto/openssl/sha256_pair.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::ErrorMark;

OpensslHash::OpensslHash(HashAlg alg) : alg_(alg), md_(nullptr) {
  if (openssl::ShaState::Has(alg)) return;
  const ErrorMark mark;
  md_ = EVP_MD_fetch(nullptr, openssl::DigestName(alg), nullptr);
}

OpensslHash::~OpensslHash() { EVP_MD_free(md_); }

bool OpensslHash::usable() const { return md_ != nullptr || openssl::ShaState::Has(alg_); }

Status OpensslHash::Digest(std::span<const ByteView> parts, ByteSpan out) const {
  if (out.size() != DigestSize(alg_)) {
    Fill(out, 0);
    return openssl::Invalid();
  }
  if (openssl::ShaState::Has(alg_)) {
    openssl::ShaState state(alg_);
    for (const ByteView part : parts) state.Update(part);
    state.Finish(out);
    Wipe(ByteSpan(static_cast<std::uint8_t*>(static_cast<void*>(&state)), sizeof(state)));
    return OkStatus();
  }
  const ErrorMark mark;
  const openssl::Owned<EVP_MD_CTX, EVP_MD_CTX_free> ctx(EVP_MD_CTX_new());
  bool ok = ctx && md_ && EVP_DigestInit_ex2(ctx.get(), md_, nullptr) == 1;
  for (const ByteView part : parts) {
    ok = ok && EVP_DigestUpdate(ctx.get(), part.data(), part.size()) == 1;
  }
  ok = ok && EVP_DigestFinal_ex(ctx.get(), out.data(), nullptr) == 1;
  if (!ok) {
    Fill(out, 0);
    return openssl::Internal();
  }
  return OkStatus();
}

Status OpensslHash::DigestMany(std::span<const HashMessage> messages) const {
  bool fits = alg_ == HashAlg::kSha256 && openssl::HasSha256Pair();
  for (const HashMessage& message : messages) fits = fits && message.out.size() == DigestSize(alg_);
  if (!fits) return Hash::DigestMany(messages);
  const openssl::ShaState start(alg_);
  openssl::Sha256Lanes lanes(start.sha256(), 0);
  openssl::ForEachPair(
      messages, [&](const auto&... pair) { lanes.Digest(pair...); },
      [&](const HashMessage& one) { (void)Digest(one.parts, one.out); });
  return OkStatus();
}

OpensslHashStream::OpensslHashStream(HashAlg alg) : alg_(alg) {
  const ErrorMark mark;
  md_ = EVP_MD_fetch(nullptr, openssl::DigestName(alg), nullptr);
  ctx_ = EVP_MD_CTX_new();
  Reset();
}

OpensslHashStream::~OpensslHashStream() {
  EVP_MD_CTX_free(ctx_);
  EVP_MD_free(md_);
}

void OpensslHashStream::Reset() {
  const ErrorMark mark;
  ready_ = ctx_ && md_ && EVP_DigestInit_ex2(ctx_, md_, nullptr) == 1;
}

Status OpensslHashStream::Update(ByteView data) {
  const ErrorMark mark;
  ready_ = ready_ && EVP_DigestUpdate(ctx_, data.data(), data.size()) == 1;
  return ready_ ? OkStatus() : openssl::Internal();
}

Status OpensslHashStream::Finish(ByteSpan out) {
  if (out.size() != DigestSize(alg_)) {
    Fill(out, 0);
    return openssl::Invalid();
  }
  const ErrorMark mark;
  const bool ok = ready_ && EVP_DigestFinal_ex(ctx_, out.data(), nullptr) == 1;
  const Status status = ok ? OkStatus() : openssl::Internal();
  if (!ok) Fill(out, 0);
  Reset();
  return status;
}

}  // namespace svsm::crypto
