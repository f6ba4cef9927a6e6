#include "crypto/openssl/internal.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::ErrorMark;

namespace {

// EVP takes lengths as int.
constexpr std::size_t kMaxPiece = std::size_t{1} << 30;

bool Update(EVP_CIPHER_CTX* ctx, ByteView in, std::uint8_t* out) {
  int written = 0;
  while (!in.empty()) {
    const std::size_t piece = in.size() < kMaxPiece ? in.size() : kMaxPiece;
    if (EVP_CipherUpdate(ctx, out, &written, in.data(), static_cast<int>(piece)) != 1) return false;
    in = in.subspan(piece);
    if (out) out += piece;
  }
  return true;
}

bool Final(EVP_CIPHER_CTX* ctx) {
  std::uint8_t none[16];
  int written = 0;
  return EVP_CipherFinal_ex(ctx, none, &written) == 1;
}

}  // namespace

OpensslAesGcm::OpensslAesGcm() {
  const ErrorMark mark;
  ciphers_[0] = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  ciphers_[1] = EVP_CIPHER_fetch(nullptr, "AES-192-GCM", nullptr);
  ciphers_[2] = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  seal_ = EVP_CIPHER_CTX_new();
  open_ = EVP_CIPHER_CTX_new();
}

OpensslAesGcm::~OpensslAesGcm() {
  EVP_CIPHER_CTX_free(seal_);
  EVP_CIPHER_CTX_free(open_);
  for (EVP_CIPHER* cipher : ciphers_) EVP_CIPHER_free(cipher);
}

Status OpensslAesGcm::SetKey(ByteView key) {
  Wipe();
  if (key.size() != 16 && key.size() != 24 && key.size() != 32) return openssl::Invalid();
  const ErrorMark mark;
  const EVP_CIPHER* cipher = ciphers_[key.size() / 8 - 2];
  keyed_ = cipher && seal_ && open_ &&
           EVP_EncryptInit_ex(seal_, cipher, nullptr, key.data(), nullptr) == 1 &&
           EVP_DecryptInit_ex(open_, cipher, nullptr, key.data(), nullptr) == 1;
  if (keyed_) return OkStatus();
  const Status status = openssl::Internal();
  Wipe();
  return status;
}

Status OpensslAesGcm::Seal(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView plaintext,
                           ByteSpan ciphertext, FixedSpan<kGcmTagSize> tag) {
  Status status;
  if (!keyed_) {
    status = openssl::NoKey();
  } else if (plaintext.size() != ciphertext.size()) {
    status = openssl::Invalid();
  } else {
    const ErrorMark mark;
    const bool ok = EVP_EncryptInit_ex(seal_, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
                    Update(seal_, aad, nullptr) && Update(seal_, plaintext, ciphertext.data()) &&
                    Final(seal_) &&
                    EVP_CIPHER_CTX_ctrl(seal_, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()),
                                        tag.data()) == 1;
    if (ok) return OkStatus();
    status = openssl::Internal();
  }
  Fill(ciphertext, 0);
  Fill(tag, 0);
  return status;
}

Status OpensslAesGcm::Open(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView ciphertext,
                           FixedView<kGcmTagSize> tag, ByteSpan plaintext) {
  Status status;
  if (!keyed_) {
    status = openssl::NoKey();
  } else if (plaintext.size() != ciphertext.size()) {
    status = openssl::Invalid();
  } else {
    const ErrorMark mark;
    Bytes<kGcmTagSize> expected;
    Copy(expected, tag);
    const bool ok = EVP_DecryptInit_ex(open_, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
                    EVP_CIPHER_CTX_ctrl(open_, EVP_CTRL_AEAD_SET_TAG,
                                        static_cast<int>(expected.size()), expected.data()) == 1 &&
                    Update(open_, aad, nullptr) && Update(open_, ciphertext, plaintext.data());
    if (!ok) {
      status = openssl::Internal();
    } else if (Final(open_)) {
      return OkStatus();
    } else {
      status = openssl::AuthFailed();
    }
  }
  svsm::Wipe(plaintext);
  return status;
}

void OpensslAesGcm::Wipe() {
  // Clears the key schedule too.
  EVP_CIPHER_CTX_reset(seal_);
  EVP_CIPHER_CTX_reset(open_);
  keyed_ = false;
}

}  // namespace svsm::crypto
