#include "bench/kbs/raw_open.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

#include <memory>
#include <string>

namespace svsm::kbs {
namespace {

const char* NameOf(crypto::Curve curve) {
  return curve == crypto::Curve::kP256   ? "P-256"
         : curve == crypto::Curve::kP384 ? "P-384"
                                         : "P-521";
}

std::vector<std::uint8_t> Point(ByteView x, ByteView y) {
  std::vector<std::uint8_t> out = {4};
  out.insert(out.end(), x.begin(), x.end());
  out.insert(out.end(), y.begin(), y.end());
  return out;
}

// A key from a point and, if there is one, a scalar.
EVP_PKEY* Import(crypto::Curve curve, const std::vector<std::uint8_t>& point, ByteView scalar) {
  OSSL_PARAM_BLD* const builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, NameOf(curve), 0);
  if (!point.empty()) {
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  }
  BIGNUM* const number = BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), nullptr);
  if (!scalar.empty()) OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number);
  OSSL_PARAM* const params = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context);
  EVP_PKEY_fromdata(context, &key, scalar.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, params);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(builder);
  BN_free(number);
  return key;
}

std::vector<std::uint8_t> DerSignature(ByteView r, ByteView s) {
  ECDSA_SIG* const signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr),
                 BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
  std::uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  std::vector<std::uint8_t> out(der, der + size);
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  return out;
}

}  // namespace

RawOpen::RawOpen(const RawBoot& boot)
    : boot_(boot),
      own_(Import(boot.curve, {}, boot.scalar)),
      wrap_(EVP_CIPHER_fetch(nullptr, "AES-256-WRAP", nullptr)),
      gcm_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)),
      context_(EVP_CIPHER_CTX_new()),
      signature_(DerSignature(boot.r, boot.s)),
      plaintext_(boot.ciphertext.size()) {
  ok_ = own_ != nullptr && wrap_ != nullptr && gcm_ != nullptr;
}

RawOpen::~RawOpen() {
  EVP_CIPHER_CTX_free(context_);
  EVP_CIPHER_free(gcm_);
  EVP_CIPHER_free(wrap_);
  EVP_PKEY_free(own_);
}

void RawOpen::Run() {
  Hash();
  Verify();
  Agree();
  Decrypt();
}

void RawOpen::Hash() {
  Bytes<48> digest{};
  Keep(EVP_Digest(boot_.bound.data(), boot_.bound.size(), digest.data(), nullptr, EVP_sha384(),
                  nullptr));
  Keep(EVP_Digest(boot_.report.data(), boot_.report.size(), digest.data(), nullptr, EVP_sha384(),
                  nullptr));
}

void RawOpen::Verify() {
  EVP_PKEY* const key = Import(crypto::Curve::kP384, Point(boot_.signer_x, boot_.signer_y), {});
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(key, nullptr);
  Keep(EVP_PKEY_verify_init(context));
  Keep(EVP_PKEY_verify(context, signature_.data(), signature_.size(), boot_.digest.data(),
                       boot_.digest.size()));
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
}

void RawOpen::Agree() {
  EVP_PKEY* const peer = Import(boot_.curve, Point(boot_.epk_x, boot_.epk_y), {});
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(own_, nullptr);
  Bytes<66> z{};
  std::size_t size = crypto::CoordinateSize(boot_.curve);
  Keep(EVP_PKEY_derive_init(context));
  // That the point is on the curve was checked at its import; the curves have cofactor 1.
  Keep(EVP_PKEY_derive_set_peer_ex(context, peer, 0));
  Keep(EVP_PKEY_derive(context, z.data(), &size));
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(peer);
  // The one block of the Concat KDF.
  std::vector<std::uint8_t> text = {0, 0, 0, 1};
  text.insert(text.end(), z.begin(), z.begin() + static_cast<std::ptrdiff_t>(size));
  const std::string info = std::string("\0\0\0\x0e", 4) + "ECDH-ES+A256KW" + std::string(8, '\0') +
                           std::string("\0\0\1\0", 4);
  text.insert(text.end(), info.begin(), info.end());
  Keep(EVP_Digest(text.data(), text.size(), kek_.data(), nullptr, EVP_sha256(), nullptr));
}

void RawOpen::Decrypt() {
  Bytes<40> cek{};
  int size = 0;
  EVP_CIPHER_CTX_set_flags(context_, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  Keep(EVP_DecryptInit_ex2(context_, wrap_, kek_.data(), nullptr, nullptr));
  Keep(EVP_DecryptUpdate(context_, cek.data(), &size, boot_.encrypted_key.data(),
                         static_cast<int>(boot_.encrypted_key.size())));
  Keep(EVP_CIPHER_CTX_reset(context_));
  Bytes<16> tag{};
  Copy(tag, boot_.tag);
  Keep(EVP_DecryptInit_ex2(context_, gcm_, cek.data(), boot_.iv.data(), nullptr));
  Keep(EVP_DecryptUpdate(context_, nullptr, &size, boot_.aad.data(),
                         static_cast<int>(boot_.aad.size())));
  Keep(EVP_DecryptUpdate(context_, plaintext_.data(), &size, boot_.ciphertext.data(),
                         static_cast<int>(boot_.ciphertext.size())));
  Keep(EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, 16, tag.data()));
  Keep(EVP_DecryptFinal_ex(context_, plaintext_.data() + size, &size));
  Keep(EVP_CIPHER_CTX_reset(context_));
}

}  // namespace svsm::kbs
