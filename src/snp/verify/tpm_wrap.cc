#include "snp/verify/tpm_wrap.h"

#include <openssl/rsa.h>

#include "snp/verify/openssl_key.h"
#include "svsm/core/wire.h"
#include "svsm/core/writer.h"
#include "svsm/crypto/kdf.h"
#include "svsm/crypto/openssl.h"

namespace svsm::snp {
namespace {

using evidence::TpmAlg;
using evidence::TpmPublic;

constexpr std::uint32_t kDefaultExponent = 65537;
constexpr std::size_t kMinRsaSize = 2048 / 8;
constexpr std::size_t kMaxRsaSize = 4096 / 8;

Status Malformed() { return Status(Code::kMalformed, Source::kSnpVerify); }
Status Unsupported(std::uint32_t what) {
  return Status(Code::kUnsupported, Source::kSnpVerify, what);
}

// The labels count with their NUL.
ByteView LabelOf(SeedUse use) {
  static constexpr Bytes<10> kDuplicate = {'D', 'U', 'P', 'L', 'I', 'C', 'A', 'T', 'E', 0};
  static constexpr Bytes<9> kIdentity = {'I', 'D', 'E', 'N', 'T', 'I', 'T', 'Y', 0};
  return use == SeedUse::kDuplicate ? ByteView(kDuplicate) : ByteView(kIdentity);
}

Result<Pkey> ImportRsa(const TpmPublic& key) {
  if (key.modulus.size() < kMinRsaSize || key.modulus.size() > kMaxRsaSize) {
    return Unsupported(static_cast<std::uint32_t>(8 * key.modulus.size()));
  }
  if (8 * key.modulus.size() != key.key_bits || (key.modulus.front() & 0x80) == 0 ||
      key.modulus.back() % 2 == 0) {
    return Malformed();
  }
  const std::uint32_t exponent = key.exponent == 0 ? kDefaultExponent : key.exponent;
  if (exponent < 3 || exponent % 2 == 0) return Malformed();
  return ImportRsaPublic(key.modulus, wire::ToBytes(wire::Be32(exponent)));
}

// OpenSSL frees the label of a context.
bool SetOaepLabel(EVP_PKEY_CTX* context, ByteView label) {
  void* copy = OPENSSL_memdup(label.data(), label.size());
  if (copy == nullptr) return false;
  if (EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, static_cast<int>(label.size())) == 1) {
    return true;
  }
  OPENSSL_free(copy);
  return false;
}

Result<ByteVector> EncryptOaep(const TpmPublic& key, crypto::HashAlg hash, ByteView label,
                               ByteView plain) {
  const ErrorMark mark;
  SVSM_ASSIGN_OR_RETURN(const Pkey pkey, ImportRsa(key));
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr));
  const EVP_MD* md = DigestOf(hash);
  if (context == nullptr || md == nullptr || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), md) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), md) != 1 || !SetOaepLabel(context.get(), label)) {
    return OpensslInternal();
  }
  ByteVector out(key.modulus.size());
  std::size_t size = out.size();
  if (EVP_PKEY_encrypt(context.get(), out.data(), &size, plain.data(), plain.size()) != 1 ||
      size != out.size()) {
    return OpensslInternal();
  }
  return out;
}

// A coordinate with leading zeros up to `out`'s size; false if it is longer.
bool Pad(ByteView number, ByteSpan out) {
  if (number.size() > out.size() || number.empty()) return false;
  Fill(out, 0);
  Copy(out.last(number.size()), number);
  return true;
}

Status ShareEcc(const TpmPublic& key, crypto::HashAlg hash, ByteView label, crypto::Rng& rng,
                SharedSeed& seed) {
  SVSM_ASSIGN_OR_RETURN(const crypto::Curve curve, evidence::ToCurve(key.curve));
  const std::size_t size = crypto::CoordinateSize(curve);
  Bytes<crypto::kMaxCoordinateSize> peer_x{}, peer_y{}, own_x{}, own_y{};
  const auto cut = [size](auto& bytes) { return ByteSpan(bytes).first(size); };
  if (!Pad(key.x, cut(peer_x)) || !Pad(key.y, cut(peer_y))) return Malformed();
  crypto::OpensslEcdh ecdh(curve);
  Secret<crypto::kMaxCoordinateSize> scalar, z;
  SVSM_TRY(ecdh.GenerateKey(rng, ByteSpan(scalar.writable()).first(size)));
  SVSM_TRY(ecdh.PublicKey(cut(own_x), cut(own_y)));
  const Status agreed = ecdh.Agree({cut(peer_x), cut(peer_y)}, ByteSpan(z.writable()).first(size));
  if (agreed.code() == Code::kMalformed) return Malformed();
  SVSM_TRY(agreed);
  const crypto::OpensslHash digest(hash);
  const ByteView info[] = {label, cut(own_x), key.x};
  SVSM_TRY(crypto::ConcatKdf(digest, z.view().first(size), info,
                             ByteSpan(seed.bytes.writable()).first(seed.size)));
  seed.encrypted = Sized(cut(own_x));
  const ByteVector y = Sized(cut(own_y));
  seed.encrypted.insert(seed.encrypted.end(), y.begin(), y.end());
  return OkStatus();
}

}  // namespace

ByteVector Sized(ByteView bytes) {
  ByteVector out(2 + bytes.size());
  wire::Writer writer(out);
  writer.PutBe16Sized(bytes);
  return out;
}

Result<WrapAlgorithms> AlgorithmsOf(const TpmPublic& parent) {
  SVSM_ASSIGN_OR_RETURN(const crypto::HashAlg hash, evidence::ToHashAlg(parent.name_alg));
  if (hash == crypto::HashAlg::kSha1) return Unsupported(static_cast<std::uint32_t>(TpmAlg::kSha1));
  if (parent.symmetric.algorithm != TpmAlg::kAes) {
    return Unsupported(static_cast<std::uint32_t>(parent.symmetric.algorithm));
  }
  if (parent.symmetric.mode != TpmAlg::kCfb) {
    return Unsupported(static_cast<std::uint32_t>(parent.symmetric.mode));
  }
  const std::size_t key_size = parent.symmetric.key_bits / 8u;
  if (!crypto::IsCipherKeySize(crypto::BlockCipherAlg::kAes, key_size)) {
    return Unsupported(parent.symmetric.key_bits);
  }
  return WrapAlgorithms{hash, key_size};
}

Status EncryptCfb(ByteView key, FixedView<crypto::kAesBlockSize> iv, ByteSpan data) {
  crypto::OpensslAes aes;
  SVSM_TRY(aes.SetKey(key));
  Bytes<crypto::kAesBlockSize> feedback{};
  Copy(feedback, iv);
  while (!data.empty()) {
    Bytes<crypto::kAesBlockSize> stream{};
    SVSM_TRY(aes.EncryptEcb(feedback, stream));
    const std::size_t size = data.size() < stream.size() ? data.size() : stream.size();
    for (std::size_t i = 0; i < size; ++i) {
      data[i] = static_cast<std::uint8_t>(data[i] ^ stream[i]);
      feedback[i] = data[i];
    }
    data = data.subspan(size);
  }
  return OkStatus();
}

Result<ByteVector> OuterWrap(const WrapAlgorithms& algorithms, ByteView seed, ByteView name,
                             std::optional<FixedView<crypto::kAesBlockSize>> iv, ByteView data) {
  constexpr auto kStorage = Ascii("STORAGE");
  constexpr auto kIntegrity = Ascii("INTEGRITY");
  constexpr Bytes<crypto::kAesBlockSize> kNoIv{};
  const std::size_t digest_size = crypto::DigestSize(algorithms.hash);
  const std::size_t iv_size = iv ? 2 + iv->size() : 0;
  ByteVector out(2 + digest_size + iv_size + data.size());
  wire::Writer writer(out);
  writer.Be16(static_cast<std::uint16_t>(digest_size));
  writer.Zeros(digest_size);
  if (iv) writer.PutBe16Sized(*iv);
  const ByteSpan protected_part = ByteSpan(out).subspan(2 + digest_size);
  const ByteSpan encrypted = protected_part.subspan(iv_size);
  crypto::OpensslHmac hmac(algorithms.hash);
  Secret<crypto::kMaxCipherKeySize> aes_key;
  const ByteSpan used_key = ByteSpan(aes_key.writable()).first(algorithms.aes_key_size);
  SVSM_TRY(crypto::KdfA(hmac, seed, kStorage, name, ByteView(), used_key));
  // Not a word in the clear leaves this function, even by an error.
  Copy(encrypted, data);
  const Status encrypting =
      EncryptCfb(used_key, iv ? *iv : FixedView<crypto::kAesBlockSize>(kNoIv), encrypted);
  if (!encrypting.ok()) {
    Wipe(out);
    return encrypting;
  }
  Secret<crypto::kMaxDigestSize> hmac_key;
  const ByteSpan used_hmac_key = ByteSpan(hmac_key.writable()).first(digest_size);
  SVSM_TRY(crypto::KdfA(hmac, seed, kIntegrity, ByteView(), ByteView(), used_hmac_key));
  SVSM_TRY(hmac.SetKey(used_hmac_key));
  const ByteView covered[] = {protected_part, name};
  SVSM_TRY(hmac.Compute(covered, ByteSpan(out).subspan(2, digest_size)));
  return out;
}

Result<SharedSeed> ShareSeed(const TpmPublic& key, SeedUse use, crypto::Rng& rng) {
  SVSM_ASSIGN_OR_RETURN(const WrapAlgorithms algorithms, AlgorithmsOf(key));
  SharedSeed seed;
  seed.size = crypto::DigestSize(algorithms.hash);
  if (key.type == TpmAlg::kEcc) {
    SVSM_TRY(ShareEcc(key, algorithms.hash, LabelOf(use), rng, seed));
    return seed;
  }
  SVSM_TRY(rng.Generate(ByteSpan(seed.bytes.writable()).first(seed.size)));
  SVSM_ASSIGN_OR_RETURN(seed.encrypted,
                        EncryptOaep(key, algorithms.hash, LabelOf(use), seed.view()));
  return seed;
}

}  // namespace svsm::snp
