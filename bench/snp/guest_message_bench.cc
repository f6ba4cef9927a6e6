// Sealing and opening a guest message of 4,000 bytes (B), against the same AES-256-GCM in OpenSSL's
// own calls (A).
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <cstdint>

#include "bench/compare.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp/guest_message.h"

namespace svsm::snp {
namespace {

constexpr std::size_t kPayloadSize = kMaxGuestPayloadSize;
static_assert(kPayloadSize == 4000);
constexpr Bytes<32> kKey = {1, 2, 3};
// Runs between two looks at the clock, which would be a few per cent of a single one.
constexpr int kBatch = 32;

// EVP as its manual shows it: cipher fetched and keyed once, a nonce each time, 48 bytes
// authenticated.
class Raw {
 public:
  explicit Raw(int encrypt) : cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)) {
    context_ = EVP_CIPHER_CTX_new();
    ok_ = EVP_CipherInit_ex2(context_, cipher_, kKey.data(), nullptr, encrypt, nullptr) == 1;
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  ~Raw() {
    EVP_CIPHER_CTX_free(context_);
    EVP_CIPHER_free(cipher_);
  }

  void Seal() {
    int size = 0;
    ++nonce_[0];
    Keep(EVP_EncryptInit_ex2(context_, nullptr, nullptr, nonce_.data(), nullptr));
    Keep(EVP_EncryptUpdate(context_, nullptr, &size, aad_.data(), kAadSize));
    Keep(EVP_EncryptUpdate(context_, ciphertext_.data(), &size, plaintext_.data(), kSize));
    Keep(EVP_EncryptFinal_ex(context_, ciphertext_.data() + size, &size));
    Keep(EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, kTagSize, tag_.data()));
  }
  void Open(Raw& sealed) {
    int size = 0;
    Keep(EVP_DecryptInit_ex2(context_, nullptr, nullptr, sealed.nonce_.data(), nullptr));
    Keep(EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, kTagSize, sealed.tag_.data()));
    Keep(EVP_DecryptUpdate(context_, nullptr, &size, sealed.aad_.data(), kAadSize));
    Keep(EVP_DecryptUpdate(context_, plaintext_.data(), &size, sealed.ciphertext_.data(), kSize));
    Keep(EVP_DecryptFinal_ex(context_, plaintext_.data() + size, &size));
  }
  bool ok() const { return ok_; }

 private:
  static constexpr int kAadSize = 48;
  static constexpr int kTagSize = 16;
  static constexpr int kSize = static_cast<int>(kPayloadSize);
  void Keep(int result) { ok_ = ok_ && result == 1; }

  EVP_CIPHER* cipher_;
  EVP_CIPHER_CTX* context_ = nullptr;
  bool ok_ = false;
  Bytes<kPayloadSize> plaintext_{};
  Bytes<kPayloadSize> ciphertext_{};
  Bytes<kAadSize> aad_{};
  Bytes<12> nonce_{};
  Bytes<kTagSize> tag_{};
};

class Ours {
 public:
  Ours() : ok_(aead_.SetKey(kKey).ok()) {}

  void Seal() {
    ++info_.sequence_number;
    ok_ = SealGuestMessage(aead_, info_, plaintext_, page_).ok() && ok_;
  }
  void Open() { ok_ = OpenGuestMessage(aead_, page_, plaintext_).ok() && ok_; }
  bool ok() const { return ok_; }

 private:
  crypto::OpensslAesGcm aead_;
  bool ok_;
  GuestMessageInfo info_;
  Bytes<kPayloadSize> plaintext_{};
  Bytes<kGuestMessageSize> page_{};
};

void BM_Seal(benchmark::State& state) {
  Raw raw(1);
  Ours ours;
  bench::Compare(
      state, [&] { raw.Seal(); }, [&] { ours.Seal(); }, kBatch);
  if (!raw.ok() || !ours.ok()) state.SkipWithError("a call failed");
}
BENCHMARK(BM_Seal)->Name("Seal/openssl:guest_message")->UseManualTime()->MinTime(0.01);

void BM_Open(benchmark::State& state) {
  Raw sealed(1);
  Raw raw(0);
  Ours ours;
  sealed.Seal();
  ours.Seal();
  bench::Compare(
      state, [&] { raw.Open(sealed); }, [&] { ours.Open(); }, kBatch);
  if (!sealed.ok() || !raw.ok() || !ours.ok()) state.SkipWithError("a call failed");
}
BENCHMARK(BM_Open)->Name("Open/openssl:guest_message")->UseManualTime()->MinTime(0.01);

}  // namespace
}  // namespace svsm::snp

BENCHMARK_MAIN();
