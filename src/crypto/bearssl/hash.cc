#include "svsm/crypto/hash.h"

#include "crypto/bearssl/internal.h"

namespace svsm::crypto {

namespace bearssl {

const br_hash_class* HashClass(HashAlg alg) {
  switch (alg) {
    case HashAlg::kSha1:
      return &br_sha1_vtable;
    case HashAlg::kSha256:
      return &br_sha256_vtable;
    case HashAlg::kSha384:
      return &br_sha384_vtable;
    case HashAlg::kSha512:
      return &br_sha512_vtable;
    default:
      return nullptr;
  }
}

}  // namespace bearssl

Status BearsslHash::Digest(std::span<const ByteView> parts, ByteSpan out) const {
  if (out.size() != DigestSize(alg_)) {
    Fill(out, 0);
    return bearssl::Invalid();
  }
  const br_hash_class* hash = bearssl::HashClass(alg_);
  if (hash == nullptr) {
    Fill(out, 0);
    return bearssl::Unsupported(alg_);
  }
  br_hash_compat_context context;
  hash->init(&context.vtable);
  for (const ByteView part : parts) hash->update(&context.vtable, part.data(), part.size());
  hash->out(&context.vtable, out.data());
  Wipe(bearssl::BytesOf(context));
  return OkStatus();
}

BearsslHashStream::BearsslHashStream(HashAlg alg) : alg_(alg) {
  bearssl::Make<br_hash_compat_context>(context_);
  Reset();
}

BearsslHashStream::~BearsslHashStream() { Wipe(context_.bytes); }

void BearsslHashStream::Reset() {
  const br_hash_class* hash = bearssl::HashClass(alg_);
  if (hash != nullptr) hash->init(&bearssl::Get<br_hash_compat_context>(context_).vtable);
}

Status BearsslHashStream::Update(ByteView data) {
  if (bearssl::HashClass(alg_) == nullptr) return bearssl::Unsupported(alg_);
  bearssl::HashClass(alg_)->update(&bearssl::Get<br_hash_compat_context>(context_).vtable,
                                   data.data(), data.size());
  return OkStatus();
}

Status BearsslHashStream::Finish(ByteSpan out) {
  if (out.size() != DigestSize(alg_)) {
    Fill(out, 0);
    return bearssl::Invalid();
  }
  if (bearssl::HashClass(alg_) == nullptr) {
    Fill(out, 0);
    return bearssl::Unsupported(alg_);
  }
  bearssl::HashClass(alg_)->out(&bearssl::Get<br_hash_compat_context>(context_).vtable, out.data());
  Reset();
  return OkStatus();
}

}  // namespace svsm::crypto
