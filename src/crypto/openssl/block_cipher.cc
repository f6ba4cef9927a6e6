#include "crypto/openssl/internal.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::ErrorMark;

namespace {

// EVP takes lengths as int; a piece is whole blocks.
constexpr std::size_t kMaxPiece = std::size_t{1} << 30;
constexpr std::size_t kMaxCopied = 4096;

// to = a ^ b, where all three may be the same memory.
void Xor(FixedView<kCipherBlockSize> a, FixedView<kCipherBlockSize> b,
         FixedSpan<kCipherBlockSize> to) {
  for (std::size_t i = 0; i < kCipherBlockSize; ++i) {
    to[i] = static_cast<std::uint8_t>(a[i] ^ b[i]);
  }
}

}  // namespace

OpensslBlockCipher::OpensslBlockCipher(BlockCipherAlg alg, const Fetched* fetched)
    : alg_(alg), fetched_(fetched) {}

OpensslBlockCipher::~OpensslBlockCipher() {
  for (Direction& direction : directions_) EVP_CIPHER_CTX_free(direction.ctx);
}

// Contexts that are there get the new key in the place of the old one.
Status OpensslBlockCipher::SetKey(ByteView key) {
  if (!IsCipherKeySize(alg_, key.size()) || key.size() != key_size_) Wipe();
  if (!IsCipherKeySize(alg_, key.size())) return openssl::Invalid();
  Copy(key_.writable(), key);
  key_size_ = key.size();
  for (int i = 0; i < kNumOperations; ++i) {
    if (!directions_[i].keyed || Init(static_cast<Operation>(i), nullptr)) continue;
    Wipe();
    return openssl::InternalUnmarked();
  }
  return OkStatus();
}

void OpensslBlockCipher::Wipe() {
  // Clears the key schedules.
  for (Direction& direction : directions_) {
    if (direction.keyed) EVP_CIPHER_CTX_reset(direction.ctx);
    direction.keyed = false;
  }
  key_.wipe();
  key_size_ = 0;
}

Status OpensslBlockCipher::Check(std::size_t unit, ByteView in, ByteSpan out) const {
  const bool fits = in.size() == out.size() && in.size() % unit == 0;
  if (key_size_ != 0 && fits) return OkStatus();
  svsm::Wipe(out);
  return key_size_ == 0 ? openssl::NoKey() : openssl::Invalid();
}

// Gives the operation its context, with the key.
Status OpensslBlockCipher::Prepare(Operation operation) {
  if (directions_[operation].keyed) return OkStatus();
  const openssl::CipherMode mode = operation == kCtr ? openssl::kCounter
                                   : operation == kEncryptEcb || operation == kDecryptEcb
                                       ? openssl::kEcb
                                       : openssl::kCbc;
  const ErrorMark mark;
  if (fetched_ != nullptr) {
    const evp_cipher_st* const cipher = (*fetched_)[mode][key_size_ / 8 - 2];
    return Init(operation, cipher) ? OkStatus() : openssl::Internal();
  }
  const openssl::Owned<EVP_CIPHER, EVP_CIPHER_free> cipher(
      EVP_CIPHER_fetch(nullptr, openssl::CipherName(alg_, mode, key_size_), nullptr));
  return Init(operation, cipher.get()) ? OkStatus() : openssl::Internal();
}

// `cipher` is null for a context that has it already.
bool OpensslBlockCipher::Init(Operation operation, const evp_cipher_st* cipher) {
  Direction& direction = directions_[operation];
  if (direction.ctx == nullptr) direction.ctx = EVP_CIPHER_CTX_new();
  if (direction.ctx == nullptr || (cipher == nullptr && !direction.keyed)) return false;
  const int encrypts = operation == kDecryptEcb || operation == kDecryptCbc ? 0 : 1;
  const bool has_iv = operation != kEncryptEcb && operation != kDecryptEcb;
  direction.chain.fill(0);
  direction.keyed =
      EVP_CipherInit_ex2(direction.ctx, cipher, key_.view().data(),
                         has_iv ? direction.chain.data() : nullptr, encrypts, nullptr) == 1 &&
      EVP_CIPHER_CTX_set_padding(direction.ctx, 0) == 1;
  return direction.keyed;
}

// Runs the bytes through the context as it is.
Status OpensslBlockCipher::Update(Operation operation, ByteView in, ByteSpan out) {
  for (std::size_t at = 0; at < in.size(); at += kMaxPiece) {
    const std::size_t left = in.size() - at;
    const int piece = static_cast<int>(left < kMaxPiece ? left : kMaxPiece);
    int written = 0;
    if (EVP_CipherUpdate(directions_[operation].ctx, out.data() + at, &written, in.data() + at,
                         piece) != 1 ||
        written != piece) {
      return openssl::InternalUnmarked();
    }
  }
  return OkStatus();
}

// After a failure the context's state is not known, so the next call begins anew.
Status OpensslBlockCipher::Fail(Operation operation, ByteSpan out) {
  svsm::Wipe(out);
  Direction& direction = directions_[operation];
  if (direction.ctx != nullptr) EVP_CIPHER_CTX_reset(direction.ctx);
  direction.keyed = false;
  return openssl::Internal();
}

Status OpensslBlockCipher::EncryptEcb(ByteView in, ByteSpan out) {
  SVSM_TRY(Check(kCipherBlockSize, in, out));
  const bool ok = Prepare(kEncryptEcb).ok() && Update(kEncryptEcb, in, out).ok();
  return ok ? OkStatus() : Fail(kEncryptEcb, out);
}

Status OpensslBlockCipher::DecryptEcb(ByteView in, ByteSpan out) {
  SVSM_TRY(Check(kCipherBlockSize, in, out));
  const bool ok = Prepare(kDecryptEcb).ok() && Update(kDecryptEcb, in, out).ok();
  return ok ? OkStatus() : Fail(kDecryptEcb, out);
}

// The context adds `chain` to the first block where `iv` is wanted, so the block gets both before.
Status OpensslBlockCipher::EncryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) {
  SVSM_TRY(Check(kCipherBlockSize, in, out));
  if (in.empty()) return OkStatus();
  if (!Prepare(kEncryptCbc).ok()) return Fail(kEncryptCbc, out);
  Bytes<kCipherBlockSize>& chain = directions_[kEncryptCbc].chain;
  Bytes<kCipherBlockSize> change;
  Xor(chain, iv, change);
  const FixedSpan<kCipherBlockSize> head = out.first<kCipherBlockSize>();
  Xor(in.first<kCipherBlockSize>(), change, head);
  // A call takes longer than to copy a few KiB.
  bool ok = true;
  if (in.data() == out.data() || in.size() <= kMaxCopied) {
    if (in.data() != out.data()) {
      Copy(out.subspan(kCipherBlockSize), in.subspan(kCipherBlockSize));
    }
    ok = Update(kEncryptCbc, out, out).ok();
  } else {
    ok = Update(kEncryptCbc, head, head).ok() &&
         Update(kEncryptCbc, in.subspan(kCipherBlockSize), out.subspan(kCipherBlockSize)).ok();
  }
  if (!ok) return Fail(kEncryptCbc, out);
  Copy(chain, out.last(kCipherBlockSize));
  return OkStatus();
}

// The context adds `chain` to the first block where `iv` is wanted, so the block gets both after.
Status OpensslBlockCipher::DecryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) {
  SVSM_TRY(Check(kCipherBlockSize, in, out));
  if (in.empty()) return OkStatus();
  if (!Prepare(kDecryptCbc).ok()) return Fail(kDecryptCbc, out);
  Bytes<kCipherBlockSize>& chain = directions_[kDecryptCbc].chain;
  Bytes<kCipherBlockSize> change;
  Xor(chain, iv, change);
  Copy(chain, in.last(kCipherBlockSize));
  if (!Update(kDecryptCbc, in, out).ok()) return Fail(kDecryptCbc, out);
  const FixedSpan<kCipherBlockSize> head = out.first<kCipherBlockSize>();
  Xor(head, change, head);
  return OkStatus();
}

Status OpensslBlockCipher::Ctr(FixedView<kAesBlockSize> counter, ByteView in, ByteSpan out) {
  SVSM_TRY(Check(1, in, out));
  if (!Prepare(kCtr).ok()) return Fail(kCtr, out);
  bool ok =
      EVP_CipherInit_ex(directions_[kCtr].ctx, nullptr, nullptr, nullptr, counter.data(), 1) == 1;
  if (!ok) (void)openssl::InternalUnmarked();
  ok = ok && Update(kCtr, in, out).ok();
  return ok ? OkStatus() : Fail(kCtr, out);
}

}  // namespace svsm::crypto
