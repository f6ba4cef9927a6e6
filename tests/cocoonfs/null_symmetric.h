// A crypto backend in which every digest is zero and every ciphertext is its plaintext: what then
// stops bad bytes is the format's own checks. For tests and fuzzers.
#ifndef SVSM_TESTS_COCOONFS_NULL_SYMMETRIC_H_
#define SVSM_TESTS_COCOONFS_NULL_SYMMETRIC_H_

#include "svsm/crypto/symmetric.h"

namespace svsm::cocoonfs {

class NullHash final : public crypto::Hash {
 public:
  explicit NullHash(crypto::HashAlg alg = crypto::HashAlg::kSha256) : alg_(alg) {}
  crypto::HashAlg algorithm() const override { return alg_; }
  Status Digest(std::span<const ByteView>, ByteSpan out) const override {
    Fill(out, 0);
    return OkStatus();
  }

 private:
  crypto::HashAlg alg_;
};

class NullHmac final : public crypto::Hmac {
 public:
  crypto::HashAlg algorithm() const override { return crypto::HashAlg::kSha256; }
  Status SetKey(ByteView) override { return OkStatus(); }
  Status Compute(std::span<const ByteView>, ByteSpan out) override {
    Fill(out, 0);
    return OkStatus();
  }
  void Wipe() override {}
};

class NullCipher final : public crypto::BlockCipher {
 public:
  crypto::BlockCipherAlg algorithm() const override { return crypto::BlockCipherAlg::kAes; }
  Status SetKey(ByteView) override { return OkStatus(); }
  Status EncryptEcb(ByteView in, ByteSpan out) override { return Same(in, out); }
  Status DecryptEcb(ByteView in, ByteSpan out) override { return Same(in, out); }
  Status EncryptCbc(FixedView<16>, ByteView in, ByteSpan out) override { return Same(in, out); }
  Status DecryptCbc(FixedView<16>, ByteView in, ByteSpan out) override { return Same(in, out); }
  Status Ctr(FixedView<16>, ByteView in, ByteSpan out) override { return Same(in, out); }
  void Wipe() override {}

 private:
  static Status Same(ByteView in, ByteSpan out) {
    if (in.size() != out.size() || in.size() % 16 != 0) {
      return Status(Code::kInvalidArgument, Source::kCrypto);
    }
    Copy(out, in);
    return OkStatus();
  }
};

class NullSymmetric final : public crypto::Symmetric {
 public:
  bool Supports(crypto::HashAlg) const override { return true; }
  bool Supports(crypto::BlockCipherAlg) const override { return true; }
  Result<const crypto::Hash*> FindHash(crypto::HashAlg) const override { return &hash_; }
  Result<crypto::Hmac*> NewHmac(crypto::HashAlg, Allocator&) const override { return &hmac_; }
  Result<crypto::BlockCipher*> NewBlockCipher(crypto::BlockCipherAlg, Allocator&) const override {
    return &cipher_;
  }
  void Delete(crypto::Hmac*, Allocator&) const override {}
  void Delete(crypto::BlockCipher*, Allocator&) const override {}

 private:
  // All objects are the same, as none has a state.
  NullHash hash_;
  mutable NullHmac hmac_;
  mutable NullCipher cipher_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_TESTS_COCOONFS_NULL_SYMMETRIC_H_
