#include "bench/broker/raw_broker.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <string>
#include <utility>

#include "svsm/core/panic.h"

namespace svsm::bench {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_MD* md) const { EVP_MD_free(md); }
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

constexpr std::size_t kReportSize = 1184;
constexpr std::size_t kBodySize = 8192;
constexpr std::size_t kTokenSize = 2048;

Owned<EVP_PKEY> MakeKey(const char* group) {
  Owned<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group));
  SVSM_CHECK(key != nullptr);
  return key;
}

ByteVector PointOf(EVP_PKEY* key) {
  std::size_t size = 0;
  SVSM_CHECK(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0, &size) == 1);
  ByteVector point(size);
  SVSM_CHECK(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), size,
                                             &size) == 1);
  return point;
}

// Fails if the point is not on the curve.
Owned<EVP_PKEY> TakeKey(const char* group, const ByteVector& point) {
  Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  std::string name = group;
  ByteVector copy = point;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  SVSM_CHECK(EVP_PKEY_fromdata_init(context.get()) == 1);
  SVSM_CHECK(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
  return Owned<EVP_PKEY>(key);
}

ByteVector Sign(EVP_PKEY* key, const EVP_MD* md, ByteView text) {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  ByteVector signature(160);
  std::size_t size = signature.size();
  SVSM_CHECK(EVP_DigestSignInit(context.get(), nullptr, md, nullptr, key) == 1);
  SVSM_CHECK(EVP_DigestSign(context.get(), signature.data(), &size, text.data(), text.size()) == 1);
  signature.resize(size);
  return signature;
}

void Digest(const EVP_MD* md, ByteView text) {
  Bytes<EVP_MAX_MD_SIZE> out{};
  SVSM_CHECK(EVP_Digest(text.data(), text.size(), out.data(), nullptr, md, nullptr) == 1);
}

void Encrypt(const EVP_CIPHER* cipher, ByteView key, ByteView text) {
  const Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  Bytes<64> out{};
  int size = 0;
  const Bytes<12> iv{};
  const bool wraps = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_WRAP_MODE;
  SVSM_CHECK(EVP_EncryptInit_ex2(context.get(), cipher, key.data(), wraps ? nullptr : iv.data(),
                                 nullptr) == 1);
  SVSM_CHECK(EVP_EncryptUpdate(context.get(), out.data(), &size, text.data(),
                               static_cast<int>(text.size())) == 1);
}

}  // namespace

struct RawBroker::Keys {
  const char* group;
  Owned<EVP_PKEY> vcek = MakeKey("P-384");
  Owned<EVP_PKEY> token = MakeKey("P-256");
  Owned<EVP_PKEY> secret = MakeKey("P-384");
  Owned<EVP_PKEY> tee;
  ByteVector tee_point;
  ByteVector body = ByteVector(kBodySize, 'b');
  ByteVector report_signature;
  std::shared_ptr<crypto::EcdsaVerifier> p384;
  Bytes<48> r{};  // the same signature, for it
  Bytes<48> s{};
  Owned<EVP_MD> sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  Owned<EVP_MD> sha384{EVP_MD_fetch(nullptr, "SHA384", nullptr)};
  Owned<EVP_CIPHER> gcm{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)};
  Owned<EVP_CIPHER> wrap{EVP_CIPHER_fetch(nullptr, "AES-256-WRAP", nullptr)};
};

RawBroker::RawBroker(const char* group, std::shared_ptr<crypto::EcdsaVerifier> p384)
    : keys_(std::make_unique<Keys>()) {
  keys_->group = group;
  keys_->p384 = std::move(p384);
  keys_->tee = MakeKey(group);
  keys_->tee_point = PointOf(keys_->tee.get());
  keys_->report_signature =
      Sign(keys_->vcek.get(), keys_->sha384.get(), ByteView(keys_->body).first(kReportSize));
  if (keys_->p384 == nullptr) return;
  const ByteVector point = PointOf(keys_->vcek.get());
  const ByteView coordinates = ByteView(point).subspan(1);
  SVSM_CHECK(keys_->p384->SetPublicKey({coordinates.first(48), coordinates.subspan(48)}).ok());
  const std::uint8_t* der = keys_->report_signature.data();
  const Owned<ECDSA_SIG> parts(
      d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(keys_->report_signature.size())));
  SVSM_CHECK(parts != nullptr);
  SVSM_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), keys_->r.data(), 48) == 48);
  SVSM_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), keys_->s.data(), 48) == 48);
}

RawBroker::~RawBroker() = default;

void RawBroker::VerifyReport() {
  const ByteView report = ByteView(keys_->body).first(kReportSize);
  if (keys_->p384 != nullptr) {
    Bytes<48> digest{};
    SVSM_CHECK(EVP_Digest(report.data(), report.size(), digest.data(), nullptr, keys_->sha384.get(),
                          nullptr) == 1);
    SVSM_CHECK(keys_->p384->Verify(digest, {.r = keys_->r, .s = keys_->s}).ok());
    return;
  }
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  SVSM_CHECK(EVP_DigestVerifyInit(context.get(), nullptr, keys_->sha384.get(), nullptr,
                                  keys_->vcek.get()) == 1);
  SVSM_CHECK(EVP_DigestVerify(context.get(), keys_->report_signature.data(),
                              keys_->report_signature.size(), report.data(), report.size()) == 1);
}

void RawBroker::Attest() {
  VerifyReport();
  (void)TakeKey(keys_->group, keys_->tee_point);
  Digest(keys_->sha384.get(), keys_->body);
  Digest(keys_->sha384.get(), ByteView(keys_->body).first(kReportSize));
  (void)Sign(keys_->token.get(), keys_->sha256.get(), ByteView(keys_->body).first(kTokenSize));
}

void RawBroker::GiveResource() {
  const Owned<EVP_PKEY> epk = MakeKey(keys_->group);
  const Owned<EVP_PKEY> peer = TakeKey(keys_->group, keys_->tee_point);
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(epk.get(), nullptr));
  Bytes<66> z{};
  std::size_t size = z.size();
  SVSM_CHECK(EVP_PKEY_derive_init(context.get()) == 1);
  SVSM_CHECK(EVP_PKEY_derive_set_peer_ex(context.get(), peer.get(), 0) == 1);
  SVSM_CHECK(EVP_PKEY_derive(context.get(), z.data(), &size) == 1);
  Digest(keys_->sha256.get(), z);
  Encrypt(keys_->wrap.get(), ByteView(z).first(32), ByteView(keys_->body).first(32));
  Encrypt(keys_->gcm.get(), ByteView(z).first(32), ByteView(keys_->body).first(32));
  (void)Sign(keys_->secret.get(), keys_->sha384.get(), ByteView(keys_->body).first(512));
}

}  // namespace svsm::bench
