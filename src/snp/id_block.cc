#include "svsm/snp/id_block.h"

#include "svsm/core/panic.h"

namespace svsm::snp {
namespace {

constexpr std::size_t kNumberSize = crypto::CoordinateSize(crypto::Curve::kP384);
using Number = Bytes<kNumberSize>;
using Field = Bytes<72>;

// A constant, because a temporary of this size has no place on the stack.
constexpr IdAuthentication kNothing{};

Status Failure(Code code, std::size_t offset) {
  return Status(code, Source::kSnp, static_cast<std::uint32_t>(offset));
}

Field ToLittleEndian(const Number& number) {
  Field field{};
  for (std::size_t i = 0; i < kNumberSize; ++i) field[i] = number[kNumberSize - 1 - i];
  return field;
}

Number ToBigEndian(const Field& field) {
  Number number{};
  for (std::size_t i = 0; i < kNumberSize; ++i) number[i] = field[kNumberSize - 1 - i];
  return number;
}

bool FitsP384(const Field& field) { return IsZero(ByteView(field).subspan(kNumberSize)); }

Status PutPublicKey(crypto::EcdsaSigner& key, IdPublicKey& out) {
  SVSM_CHECK(key.curve() == crypto::Curve::kP384);
  Number x{};
  Number y{};
  SVSM_TRY(key.PublicKey(x, y));
  out.curve = kIdKeyCurveP384;
  out.x = ToLittleEndian(x);
  out.y = ToLittleEndian(y);
  return OkStatus();
}

template <wire::Struct T>
Status PutSignature(const crypto::Hash& sha384, const T& what, crypto::EcdsaSigner& key,
                    IdSignature& out) {
  Bytes<crypto::kSha384Size> digest{};
  SVSM_TRY(sha384.Digest(wire::ToBytes(what), digest));
  Number r{};
  Number s{};
  SVSM_TRY(key.Sign(digest, r, s));
  out.r = ToLittleEndian(r);
  out.s = ToLittleEndian(s);
  return OkStatus();
}

Status Sign(const crypto::Hash& sha384, const IdBlock& block, crypto::EcdsaSigner& id_key,
            crypto::EcdsaSigner* author_key, IdAuthentication& out) {
  out.id_key_algorithm = kIdKeyAlgorithmP384;
  SVSM_TRY(PutPublicKey(id_key, out.id_key));
  SVSM_TRY(PutSignature(sha384, block, id_key, out.block_signature));
  if (author_key == nullptr) return OkStatus();
  out.author_key_algorithm = kIdKeyAlgorithmP384;
  SVSM_TRY(PutPublicKey(*author_key, out.author_key));
  return PutSignature(sha384, out.id_key, *author_key, out.id_key_signature);
}

// `offset` is where the structure stands in the authentication.
Status CheckKeyForm(const IdPublicKey& key, std::size_t offset) {
  if (key.curve.get() != kIdKeyCurveP384) return Failure(Code::kUnsupported, offset);
  if (!FitsP384(key.x)) return Failure(Code::kMalformed, offset + offsetof(IdPublicKey, x));
  if (!FitsP384(key.y)) return Failure(Code::kMalformed, offset + offsetof(IdPublicKey, y));
  if (!IsZero(key.reserved)) {
    return Failure(Code::kMalformed, offset + offsetof(IdPublicKey, reserved));
  }
  return OkStatus();
}

Status CheckSignatureForm(const IdSignature& signature, std::size_t offset) {
  if (!FitsP384(signature.r)) return Failure(Code::kMalformed, offset);
  if (!FitsP384(signature.s)) return Failure(Code::kMalformed, offset + offsetof(IdSignature, s));
  if (!IsZero(signature.reserved)) {
    return Failure(Code::kMalformed, offset + offsetof(IdSignature, reserved));
  }
  return OkStatus();
}

// Without an author key, all of its fields are zero.
Status CheckAuthorForm(const IdAuthentication& auth) {
  constexpr std::size_t kSignature = offsetof(IdAuthentication, id_key_signature);
  constexpr std::size_t kKey = offsetof(IdAuthentication, author_key);
  if (auth.author_key_algorithm.get() == kIdKeyAlgorithmP384) {
    SVSM_TRY(CheckSignatureForm(auth.id_key_signature, kSignature));
    return CheckKeyForm(auth.author_key, kKey);
  }
  if (auth.author_key_algorithm.get() != 0) {
    return Failure(Code::kUnsupported, offsetof(IdAuthentication, author_key_algorithm));
  }
  if (!IsZero(auth.id_key_signature.r) || !IsZero(auth.id_key_signature.s) ||
      !IsZero(auth.id_key_signature.reserved)) {
    return Failure(Code::kMalformed, kSignature);
  }
  return auth.author_key.curve.get() == 0 && IsZero(auth.author_key.x) &&
                 IsZero(auth.author_key.y) && IsZero(auth.author_key.reserved)
             ? OkStatus()
             : Failure(Code::kMalformed, kKey);
}

Status CheckForm(const IdBlock& block, const IdAuthentication& auth) {
  if (block.version.get() != kIdBlockVersion) {
    return Failure(Code::kUnsupported, offsetof(IdBlock, version));
  }
  if (auth.id_key_algorithm.get() != kIdKeyAlgorithmP384) return Failure(Code::kUnsupported, 0);
  if (!IsZero(auth.reserved_008)) {
    return Failure(Code::kMalformed, offsetof(IdAuthentication, reserved_008));
  }
  if (!IsZero(auth.reserved_644)) {
    return Failure(Code::kMalformed, offsetof(IdAuthentication, reserved_644));
  }
  if (!IsZero(auth.reserved_c84)) {
    return Failure(Code::kMalformed, offsetof(IdAuthentication, reserved_c84));
  }
  SVSM_TRY(CheckSignatureForm(auth.block_signature, offsetof(IdAuthentication, block_signature)));
  SVSM_TRY(CheckKeyForm(auth.id_key, offsetof(IdAuthentication, id_key)));
  return CheckAuthorForm(auth);
}

template <wire::Struct T>
Status CheckSignature(const crypto::Hash& sha384, const T& what, const IdSignature& signature,
                      const IdPublicKey& key, std::size_t key_offset,
                      crypto::EcdsaVerifier& verifier) {
  const Number x = ToBigEndian(key.x);
  const Number y = ToBigEndian(key.y);
  const Status imported = verifier.SetPublicKey({x, y});
  if (imported.code() == Code::kMalformed) return Failure(Code::kMalformed, key_offset);
  SVSM_TRY(imported);
  Bytes<crypto::kSha384Size> digest{};
  SVSM_TRY(sha384.Digest(wire::ToBytes(what), digest));
  const Number r = ToBigEndian(signature.r);
  const Number s = ToBigEndian(signature.s);
  const Status verified = verifier.Verify(digest, {r, s});
  return verified.code() == Code::kAuthFailed ? Failure(Code::kAuthFailed, 0) : verified;
}

}  // namespace

IdBlock MakeIdBlock(const Bytes<kLaunchDigestSize>& launch_digest, const IdBlockFields& fields) {
  IdBlock block{};
  block.launch_digest = launch_digest;
  block.family_id = fields.family_id;
  block.image_id = fields.image_id;
  block.version = kIdBlockVersion;
  block.guest_svn = fields.guest_svn;
  block.policy = fields.policy;
  return block;
}

Status SignIdBlock(const crypto::Hash& sha384, const IdBlock& block, crypto::EcdsaSigner& id_key,
                   crypto::EcdsaSigner* author_key, IdAuthentication& out) {
  SVSM_CHECK(sha384.algorithm() == crypto::HashAlg::kSha384);
  out = kNothing;
  const Status status = Sign(sha384, block, id_key, author_key, out);
  if (!status.ok()) out = kNothing;
  return status;
}

Status CheckIdBlock(const crypto::Hash& sha384, const IdBlock& block, const IdAuthentication& auth,
                    crypto::EcdsaVerifier& verifier) {
  SVSM_CHECK(sha384.algorithm() == crypto::HashAlg::kSha384);
  SVSM_CHECK(verifier.curve() == crypto::Curve::kP384);
  SVSM_TRY(CheckForm(block, auth));
  SVSM_TRY(CheckSignature(sha384, block, auth.block_signature, auth.id_key,
                          offsetof(IdAuthentication, id_key), verifier));
  if (auth.author_key_algorithm.get() == 0) return OkStatus();
  return CheckSignature(sha384, auth.id_key, auth.id_key_signature, auth.author_key,
                        offsetof(IdAuthentication, author_key), verifier);
}

Result<Bytes<kLaunchDigestSize>> IdKeyDigest(const crypto::Hash& sha384, const IdPublicKey& key) {
  SVSM_CHECK(sha384.algorithm() == crypto::HashAlg::kSha384);
  Bytes<kLaunchDigestSize> digest{};
  SVSM_TRY(sha384.Digest(wire::ToBytes(key), digest));
  return digest;
}

}  // namespace svsm::snp
