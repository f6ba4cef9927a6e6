#include "crypto/openssl/internal.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::ErrorMark;

namespace {

// EVP takes lengths as int; a piece is whole blocks.
constexpr std::size_t kMaxPiece = std::size_t{1} << 30;

constexpr const char* kNames[3][3] = {{"AES-128-ECB", "AES-192-ECB", "AES-256-ECB"},
                                      {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"},
                                      {"AES-128-CTR", "AES-192-CTR", "AES-256-CTR"}};

}  // namespace

OpensslAes::OpensslAes() {
  const ErrorMark mark;
  for (int mode = 0; mode < 3; ++mode) {
    for (int size = 0; size < 3; ++size) {
      ciphers_[mode][size] = EVP_CIPHER_fetch(nullptr, kNames[mode][size], nullptr);
    }
  }
  for (Direction& direction : directions_) direction.ctx = EVP_CIPHER_CTX_new();
}

OpensslAes::~OpensslAes() {
  for (Direction& direction : directions_) EVP_CIPHER_CTX_free(direction.ctx);
  for (auto& sizes : ciphers_) {
    for (EVP_CIPHER* cipher : sizes) EVP_CIPHER_free(cipher);
  }
}

Status OpensslAes::SetKey(ByteView key) {
  Wipe();
  if (key.size() != 16 && key.size() != 24 && key.size() != 32) return openssl::Invalid();
  Copy(key_.writable(), key);
  key_size_ = key.size();
  return OkStatus();
}

void OpensslAes::Wipe() {
  // Clears the key schedules.
  for (Direction& direction : directions_) {
    EVP_CIPHER_CTX_reset(direction.ctx);
    direction.keyed = false;
  }
  key_.wipe();
  key_size_ = 0;
}

Status OpensslAes::Run(Operation operation, const std::uint8_t* iv, ByteView in, ByteSpan out) {
  const bool blocks = operation != kCtr;
  Status status;
  if (key_size_ == 0) {
    status = openssl::NoKey();
  } else if (in.size() != out.size() || (blocks && in.size() % kAesBlockSize != 0)) {
    status = openssl::Invalid();
  } else {
    const ErrorMark mark;
    Direction& direction = directions_[operation];
    const int mode = operation == kCtr ? 2 : operation / 2;
    const int encrypts = operation == kDecryptEcb || operation == kDecryptCbc ? 0 : 1;
    bool ok = direction.ctx != nullptr;
    if (!direction.keyed) {
      const EVP_CIPHER* cipher = ciphers_[mode][key_size_ / 8 - 2];
      ok = ok && cipher &&
           EVP_CipherInit_ex(direction.ctx, cipher, nullptr, key_.view().data(), nullptr,
                             encrypts) == 1 &&
           EVP_CIPHER_CTX_set_padding(direction.ctx, 0) == 1;
      direction.keyed = ok;
    }
    ok = ok && EVP_CipherInit_ex(direction.ctx, nullptr, nullptr, nullptr, iv, encrypts) == 1;
    for (std::size_t at = 0; ok && at < in.size(); at += kMaxPiece) {
      const std::size_t left = in.size() - at;
      const int piece = static_cast<int>(left < kMaxPiece ? left : kMaxPiece);
      int written = 0;
      ok = EVP_CipherUpdate(direction.ctx, out.data() + at, &written, in.data() + at, piece) == 1 &&
           written == piece;
    }
    if (ok) return OkStatus();
    status = openssl::Internal();
  }
  svsm::Wipe(out);
  return status;
}

Status OpensslAes::EncryptEcb(ByteView in, ByteSpan out) {
  return Run(kEncryptEcb, nullptr, in, out);
}
Status OpensslAes::DecryptEcb(ByteView in, ByteSpan out) {
  return Run(kDecryptEcb, nullptr, in, out);
}
Status OpensslAes::EncryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) {
  return Run(kEncryptCbc, iv.data(), in, out);
}
Status OpensslAes::DecryptCbc(FixedView<kAesBlockSize> iv, ByteView in, ByteSpan out) {
  return Run(kDecryptCbc, iv.data(), in, out);
}
Status OpensslAes::Ctr(FixedView<kAesBlockSize> counter, ByteView in, ByteSpan out) {
  return Run(kCtr, counter.data(), in, out);
}

}  // namespace svsm::crypto
