#include "snp/verify/quote_signature.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include <memory>

#include "snp/verify/openssl_key.h"
#include "svsm/crypto/openssl.h"

namespace svsm::snp {
namespace {

using evidence::TpmAlg;

using EcdsaSig = std::unique_ptr<ECDSA_SIG, OpensslFree<ECDSA_SIG_free>>;

Status AuthFailed() { return Status(Code::kAuthFailed, Source::kSnpVerify); }

ByteVector BytesOf(const BIGNUM* number) {
  ByteVector bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  return bytes;
}

Result<QuoteSignature> FromDer(ByteView der, TpmAlg hash) {
  const ErrorMark mark;
  const std::uint8_t* at = der.data();
  const EcdsaSig numbers(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (numbers == nullptr || at != der.data() + der.size()) {
    return Status(Code::kMalformed, Source::kSnpVerify);
  }
  const BIGNUM* r = ECDSA_SIG_get0_r(numbers.get());
  const BIGNUM* s = ECDSA_SIG_get0_s(numbers.get());
  if (BN_is_negative(r) || BN_is_negative(s)) return Status(Code::kMalformed, Source::kSnpVerify);
  return QuoteSignature{TpmAlg::kEcdsa, hash, {}, BytesOf(r), BytesOf(s)};
}

Status CheckRsa(const QuoteKey& key, const QuoteSignature& signature, const EVP_MD* md,
                ByteView digest) {
  const ErrorMark mark;
  SVSM_ASSIGN_OR_RETURN(const Pkey pkey, ImportRsaPublic(key.modulus, key.exponent));
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr));
  const bool pss = signature.scheme == TpmAlg::kRsaPss;
  const int padding = pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
  if (context == nullptr || md == nullptr || EVP_PKEY_verify_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), md) != 1) {
    return OpensslInternal();
  }
  // TPMs differ in the length of the salt: as long as fits, or as the digest.
  if (pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_AUTO) != 1) {
    return OpensslInternal();
  }
  const int verified = EVP_PKEY_verify(context.get(), signature.rsa.data(), signature.rsa.size(),
                                       digest.data(), digest.size());
  return verified == 1 ? OkStatus() : AuthFailed();
}

// A number with leading zeros up to `size` bytes; empty if it does not fit.
ByteVector Padded(ByteView number, std::size_t size) {
  while (!number.empty() && number.front() == 0) number = number.subspan(1);
  if (number.size() > size) return {};
  ByteVector out(size);
  Copy(ByteSpan(out).last(number.size()), number);
  return out;
}

Status CheckEcdsa(const QuoteKey& key, const QuoteSignature& signature, ByteView digest) {
  crypto::OpensslEcdsaVerifier verifier(key.curve);
  SVSM_TRY(verifier.SetPublicKey({key.x, key.y}));
  const std::size_t size = crypto::CoordinateSize(key.curve);
  const ByteVector r = Padded(signature.r, size);
  const ByteVector s = Padded(signature.s, size);
  if (r.empty() || s.empty()) return AuthFailed();
  const Status verified = verifier.Verify(digest, {r, s});
  return verified.code() == Code::kAuthFailed ? AuthFailed() : verified;
}

}  // namespace

Result<QuoteSignature> ReadQuoteSignature(ByteView bytes, const QuoteKey& key,
                                          const evidence::TpmScheme& wanted) {
  const TpmAlg hash = wanted.hash == TpmAlg::kNull ? TpmAlg::kSha256 : wanted.hash;
  if (key.type == QuoteKey::Type::kRsa && bytes.size() == key.modulus.size()) {
    const TpmAlg scheme = wanted.scheme == TpmAlg::kNull ? TpmAlg::kRsaSsa : wanted.scheme;
    return QuoteSignature{scheme, hash, ToVector(bytes), {}, {}};
  }
  if (key.type == QuoteKey::Type::kEcc && !bytes.empty() && bytes[0] == 0x30) {
    return FromDer(bytes, hash);
  }
  SVSM_ASSIGN_OR_RETURN(const evidence::TpmSignature signature, evidence::ParseSignature(bytes));
  return QuoteSignature{signature.scheme, signature.hash, ToVector(signature.rsa),
                        ToVector(signature.r), ToVector(signature.s)};
}

Status CheckQuoteSignature(const QuoteKey& key, const QuoteSignature& signature, ByteView message) {
  SVSM_ASSIGN_OR_RETURN(const crypto::HashAlg alg, evidence::ToHashAlg(signature.hash));
  const crypto::OpensslHash hash(alg);
  ByteVector digest(crypto::DigestSize(alg));
  SVSM_TRY(hash.Digest(message, digest));
  return key.type == QuoteKey::Type::kRsa ? CheckRsa(key, signature, DigestOf(alg), digest)
                                          : CheckEcdsa(key, signature, digest);
}

}  // namespace svsm::snp
