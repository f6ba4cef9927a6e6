#include "svsm/snp/id_block.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <memory>

#include "svsm/crypto/openssl.h"
#include "tools/svsm-launch/verbs.h"

namespace svsm::launch {
namespace {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

const crypto::OpensslHash& Sha384() {
  static const crypto::OpensslHash hash(crypto::HashAlg::kSha384);
  return hash;
}

void LoadKey(const std::string& path, crypto::EcdsaSigner& signer) {
  ByteVector pem = Load(path);
  const std::unique_ptr<BIO, Freed<BIO_free>> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  Wipe(pem);
  std::array<char, 32> group{};
  if (key == nullptr ||
      EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), nullptr) != 1 ||
      std::string(group.data()) != "secp384r1") {
    throw Unusable(fmt::format("{}: not a private key of P-384 in PEM", path));
  }
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1) {
    throw Unusable(fmt::format("{}: holds no private key", path));
  }
  const std::unique_ptr<BIGNUM, Freed<BN_clear_free>> scalar(number);
  Bytes<48> bytes{};
  BN_bn2binpad(scalar.get(), bytes.data(), static_cast<int>(bytes.size()));
  const Status imported = signer.SetPrivateKey(bytes);
  Wipe(bytes);
  if (!imported.ok()) throw Explain(path, imported);
}

// Base64 as the tools of this field take it, or hex.
Bytes<snp::kLaunchDigestSize> ParseMeasurement(const std::string& text) {
  Bytes<snp::kLaunchDigestSize> digest{};
  if (text.size() == 2 * digest.size()) {
    Copy(digest, ParseHex("--measurement", text, digest.size()));
    return digest;
  }
  // 48 bytes are 64 characters without padding; EVP_DecodeBlock takes whole groups alone.
  if (text.size() != 64 || EVP_DecodeBlock(digest.data(), AsBytes(text).data(), 64) != 48) {
    throw Unusable("--measurement wants 48 bytes in base64 or hex");
  }
  return digest;
}

void PutId(const std::string& option, const std::string& digits, Bytes<16>& out) {
  if (!digits.empty()) Copy(out, ParseHex(option, digits, out.size()));
}

snp::IdBlock BlockOf(const IdBlockOptions& options) {
  if (options.measurement.empty()) throw Unusable("--measurement is wanted");
  snp::IdBlockFields fields;
  PutId("--family-id", options.family_id, fields.family_id);
  PutId("--image-id", options.image_id, fields.image_id);
  fields.guest_svn =
      static_cast<std::uint32_t>(ParseNumber("--guest-svn", options.guest_svn, 0xFFFFFFFF));
  fields.policy = ParseNumber("--policy", options.policy, ~0ull);
  return snp::MakeIdBlock(ParseMeasurement(options.measurement), fields);
}

void Store(const std::string& path, ByteView bytes) {
  if (path.empty()) return;
  const Status written = WriteFileAtomically(path, bytes, FileMode::kPublic);
  if (!written.ok()) throw Explain(path, written);
}

std::string KeyDigest(const snp::IdPublicKey& key) {
  const auto digest = snp::IdKeyDigest(Sha384(), key);
  if (!digest.ok()) throw Explain("key digest", digest.status());
  return ToHex(*digest);
}

std::string KeyDigests(const snp::IdAuthentication& auth) {
  std::string text = fmt::format("id-key-digest={}\n", KeyDigest(auth.id_key));
  if (auth.author_key_algorithm.get() != 0) {
    text += fmt::format("author-key-digest={}\n", KeyDigest(auth.author_key));
  }
  return text;
}

std::string Make(const IdBlockOptions& options) {
  const snp::IdBlock block = BlockOf(options);
  if (options.id_key.empty()) throw Unusable("--idkey is wanted");
  crypto::OpensslEcdsaSigner id_key(crypto::Curve::kP384);
  crypto::OpensslEcdsaSigner author_key(crypto::Curve::kP384);
  LoadKey(options.id_key, id_key);
  if (!options.author_key.empty()) LoadKey(options.author_key, author_key);
  snp::IdAuthentication auth{};
  const Status done = snp::SignIdBlock(Sha384(), block, id_key,
                                       options.author_key.empty() ? nullptr : &author_key, auth);
  if (!done.ok()) throw Explain(options.id_key, done);
  Store(options.block_file, wire::ToBytes(block));
  Store(options.auth_file, wire::ToBytes(auth));
  return fmt::format("id-block={},id-auth={}\n{}", ToBase64(wire::ToBytes(block)),
                     ToBase64(wire::ToBytes(auth)), KeyDigests(auth));
}

template <typename T>
T LoadStruct(const std::string& path) {
  const ByteVector bytes = Load(path);
  if (bytes.size() != sizeof(T)) {
    throw Unusable(fmt::format("{}: {} bytes instead of {}", path, bytes.size(), sizeof(T)));
  }
  return wire::Read<T>(bytes).value();
}

std::string Check(const IdBlockOptions& options) {
  const auto block = LoadStruct<snp::IdBlock>(options.block_file);
  const auto auth = LoadStruct<snp::IdAuthentication>(options.auth_file);
  crypto::OpensslEcdsaVerifier verifier(crypto::Curve::kP384);
  const Status status = snp::CheckIdBlock(Sha384(), block, auth, verifier);
  if (!status.ok()) {
    throw Unusable(fmt::format("{}: {}", options.auth_file, ToString(status)));
  }
  if (!options.measurement.empty() &&
      ParseMeasurement(options.measurement) != block.launch_digest) {
    throw Unusable(fmt::format("{}: is for another launch digest", options.block_file));
  }
  return fmt::format("launch-digest={}\nfamily-id={}\nimage-id={}\nguest-svn={}\npolicy={:#x}\n{}",
                     ToHex(block.launch_digest), ToHex(block.family_id), ToHex(block.image_id),
                     block.guest_svn.get(), block.policy.get(), KeyDigests(auth));
}

}  // namespace

std::string IdBlock(const IdBlockOptions& options) {
  return options.check ? Check(options) : Make(options);
}

}  // namespace svsm::launch
