#include "svsm/broker/signing_key.h"

#include <utility>

#include "broker/base64_text.h"
#include "svsm/crypto/openssl.h"

namespace svsm::broker {

std::string KeyId(const PublicKey& key) {
  const char* const curve = key.curve == crypto::Curve::kP256   ? "P-256"
                            : key.curve == crypto::Curve::kP384 ? "P-384"
                            : key.curve == crypto::Curve::kP521 ? "P-521"
                                                                : nullptr;
  if (curve == nullptr) return {};
  const std::string text = std::string(R"({"crv":")") + curve + R"(","kty":"EC","x":")" +
                           ToBase64(kbs::Base64::kUrl, key.x) + R"(","y":")" +
                           ToBase64(kbs::Base64::kUrl, key.y) + R"("})";
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Bytes<crypto::kSha256Size> digest{};
  if (!sha256.Digest(AsBytes(text), digest).ok()) return {};
  return ToBase64(kbs::Base64::kUrl, digest);
}

Result<std::shared_ptr<const SigningKey>> SigningKey::FromScalar(crypto::Curve curve,
                                                                 ByteView scalar) {
  if (curve != crypto::Curve::kP256 && curve != crypto::Curve::kP384) {
    return Status(Code::kUnsupported, Source::kBroker);
  }
  auto signer = std::make_unique<crypto::OpensslEcdsaSigner>(curve);
  SVSM_TRY(signer->SetPrivateKey(scalar));
  const std::shared_ptr<SigningKey> key(new SigningKey);
  const std::size_t size = crypto::CoordinateSize(curve);
  key->public_key_ = {curve, ByteVector(size), ByteVector(size)};
  SVSM_TRY(signer->PublicKey(key->public_key_.x, key->public_key_.y));
  key->id_ = KeyId(key->public_key_);
  Copy(key->scalar_.writable(), scalar);
  key->idle_.push_back(std::move(signer));
  return std::shared_ptr<const SigningKey>(key);
}

SigningKey::~SigningKey() = default;

Result<SigningKey::Signer> SigningKey::TakeSigner() const {
  {
    const std::lock_guard guard(mutex_);
    if (!idle_.empty()) {
      Signer signer = std::move(idle_.back());
      idle_.pop_back();
      return signer;
    }
  }
  auto signer = std::make_unique<crypto::OpensslEcdsaSigner>(public_key_.curve);
  SVSM_TRY(signer->SetPrivateKey(
      ByteView(scalar_.view()).first(crypto::CoordinateSize(public_key_.curve))));
  return signer;
}

Result<SignatureBytes> SigningKey::Sign(ByteView digest) const {
  SVSM_ASSIGN_OR_RETURN(Signer signer, TakeSigner());
  const std::size_t size = crypto::CoordinateSize(public_key_.curve);
  SignatureBytes signature{ByteVector(size), ByteVector(size)};
  const Status status = signer->Sign(digest, signature.r, signature.s);
  const std::lock_guard guard(mutex_);
  idle_.push_back(std::move(signer));
  if (!status.ok()) return status;
  return signature;
}

}  // namespace svsm::broker
