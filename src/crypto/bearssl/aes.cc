#include "crypto/bearssl/internal.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/block_cipher.h"

namespace svsm::crypto {

using bearssl::Get;

namespace {

const br_block_cbcenc_class& EncryptClass(BearsslCode code) {
  const br_block_cbcenc_class* fast =
      code == BearsslCode::kFastest ? br_aes_x86ni_cbcenc_get_vtable() : nullptr;
  return fast ? *fast : br_aes_ct64_cbcenc_vtable;
}

const br_block_cbcdec_class& DecryptClass(BearsslCode code) {
  const br_block_cbcdec_class* fast =
      code == BearsslCode::kFastest ? br_aes_x86ni_cbcdec_get_vtable() : nullptr;
  return fast ? *fast : br_aes_ct64_cbcdec_vtable;
}

const br_block_ctr_class& CtrClass(BearsslCode code) {
  const br_block_ctr_class* fast =
      code == BearsslCode::kFastest ? br_aes_x86ni_ctr_get_vtable() : nullptr;
  return fast ? *fast : br_aes_ct64_ctr_vtable;
}

// Adds one to the big-endian number.
void Increment(ByteSpan number) {
  for (std::size_t i = number.size(); i-- > 0;) {
    if (++number[i] != 0) return;
  }
}

}  // namespace

BearsslAes::BearsslAes(BearsslCode code) : code_(code) {
  bearssl::Make<br_aes_gen_cbcenc_keys>(encrypt_);
  bearssl::Make<br_aes_gen_cbcdec_keys>(decrypt_);
  bearssl::Make<br_aes_gen_ctr_keys>(ctr_);
}

Status BearsslAes::SetKey(ByteView key) {
  Wipe();
  if (key.size() != 16 && key.size() != 24 && key.size() != 32) return bearssl::Invalid();
  EncryptClass(code_).init(&Get<br_aes_gen_cbcenc_keys>(encrypt_).vtable, key.data(), key.size());
  DecryptClass(code_).init(&Get<br_aes_gen_cbcdec_keys>(decrypt_).vtable, key.data(), key.size());
  CtrClass(code_).init(&Get<br_aes_gen_ctr_keys>(ctr_).vtable, key.data(), key.size());
  keyed_ = true;
  return OkStatus();
}

void BearsslAes::Wipe() {
  svsm::Wipe(encrypt_.bytes);
  svsm::Wipe(decrypt_.bytes);
  svsm::Wipe(ctr_.bytes);
  keyed_ = false;
}

Status BearsslAes::Check(std::size_t unit, ByteView in, ByteSpan out) const {
  Status status;
  if (!keyed_) {
    status = bearssl::NoKey();
  } else if (in.size() != out.size() || in.size() % unit != 0) {
    status = bearssl::Invalid();
  }
  if (!status.ok()) Fill(out, 0);
  return status;
}

// BearSSL has no ECB: a block by itself is CBC over one block from a zero IV.
Status BearsslAes::EncryptEcb(ByteView in, ByteSpan out) {
  SVSM_TRY(Check(kAesBlockSize, in, out));
  Copy(out, in);
  const br_aes_gen_cbcenc_keys& keys = Get<br_aes_gen_cbcenc_keys>(encrypt_);
  for (ByteSpan rest = out; !rest.empty(); rest = rest.subspan(kAesBlockSize)) {
    Bytes<kAesBlockSize> iv{};
    keys.vtable->run(&keys.vtable, iv.data(), rest.data(), kAesBlockSize);
  }
  return OkStatus();
}

Status BearsslAes::DecryptEcb(ByteView in, ByteSpan out) {
  SVSM_TRY(Check(kAesBlockSize, in, out));
  Copy(out, in);
  const br_aes_gen_cbcdec_keys& keys = Get<br_aes_gen_cbcdec_keys>(decrypt_);
  for (ByteSpan rest = out; !rest.empty(); rest = rest.subspan(kAesBlockSize)) {
    Bytes<kAesBlockSize> iv{};
    keys.vtable->run(&keys.vtable, iv.data(), rest.data(), kAesBlockSize);
  }
  return OkStatus();
}

Status BearsslAes::EncryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) {
  SVSM_TRY(Check(kAesBlockSize, in, out));
  Bytes<kAesBlockSize> chain;
  Copy(chain, iv);
  Copy(out, in);
  const br_aes_gen_cbcenc_keys& keys = Get<br_aes_gen_cbcenc_keys>(encrypt_);
  keys.vtable->run(&keys.vtable, chain.data(), out.data(), out.size());
  return OkStatus();
}

Status BearsslAes::DecryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) {
  SVSM_TRY(Check(kAesBlockSize, in, out));
  Bytes<kAesBlockSize> chain;
  Copy(chain, iv);
  Copy(out, in);
  const br_aes_gen_cbcdec_keys& keys = Get<br_aes_gen_cbcdec_keys>(decrypt_);
  keys.vtable->run(&keys.vtable, chain.data(), out.data(), out.size());
  return OkStatus();
}

// BearSSL counts in the last four bytes alone, so a run ends where those wrap.
Status BearsslAes::Ctr(FixedView<kAesBlockSize> counter, ByteView in, ByteSpan out) {
  SVSM_TRY(Check(1, in, out));
  constexpr std::size_t kFixedSize = 12;
  Bytes<kFixedSize> fixed;
  Copy(fixed, counter.first(kFixedSize));
  std::uint32_t low = wire::Read<wire::Be32>(counter.subspan(kFixedSize))->get();
  Copy(out, in);
  const br_aes_gen_ctr_keys& keys = Get<br_aes_gen_ctr_keys>(ctr_);
  for (ByteSpan rest = out; !rest.empty();) {
    const std::uint64_t until_wrap = ((std::uint64_t{1} << 32) - low) * kAesBlockSize;
    const std::size_t size = rest.size() < until_wrap ? rest.size() : until_wrap;
    keys.vtable->run(&keys.vtable, fixed.data(), low, rest.data(), size);
    rest = rest.subspan(size);
    Increment(fixed);
    low = 0;
  }
  return OkStatus();
}

}  // namespace svsm::crypto
