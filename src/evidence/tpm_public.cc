#include "svsm/evidence/tpm_public.h"

#include "svsm/core/reader.h"
#include "svsm/core/writer.h"

namespace svsm::evidence {
namespace {

constexpr std::uint32_t kKnownAttributes =
    kTpmaFixedTpm | kTpmaStClear | kTpmaFixedParent | kTpmaSensitiveDataOrigin | kTpmaUserWithAuth |
    kTpmaAdminWithPolicy | kTpmaNoDa | kTpmaEncryptedDuplication | kTpmaRestricted | kTpmaDecrypt |
    kTpmaSign | kTpmaX509Sign;

Status Unsupported(std::uint32_t number) {
  return Status(Code::kUnsupported, Source::kEvidence, number);
}
Status Unsupported(TpmAlg alg) { return Unsupported(static_cast<std::uint32_t>(alg)); }

Status CheckHash(TpmAlg hash) { return ToHashAlg(hash).status(); }

Status CheckSymmetric(const TpmSymmetric& symmetric) {
  if (symmetric.algorithm == TpmAlg::kNull) {
    const bool empty = symmetric.key_bits == 0 && symmetric.mode == TpmAlg::kNull;
    return empty ? OkStatus() : Unsupported(symmetric.mode);
  }
  if (symmetric.algorithm != TpmAlg::kAes && symmetric.algorithm != TpmAlg::kCamellia) {
    return Unsupported(symmetric.algorithm);
  }
  const std::uint16_t bits = symmetric.key_bits;
  if (bits != 128 && bits != 192 && bits != 256) return Unsupported(bits);
  switch (symmetric.mode) {
    case TpmAlg::kCtr:
    case TpmAlg::kOfb:
    case TpmAlg::kCbc:
    case TpmAlg::kCfb:
    case TpmAlg::kEcb:
      return OkStatus();
    default:
      return Unsupported(symmetric.mode);
  }
}

enum class SchemeUse : std::uint8_t { kRsa, kEcc, kKdf };

// Whether a scheme is followed by a hash on the wire.
bool HasHash(TpmAlg scheme) { return scheme != TpmAlg::kNull && scheme != TpmAlg::kRsaEs; }

bool IsKnownScheme(SchemeUse use, TpmAlg scheme) {
  switch (scheme) {
    case TpmAlg::kNull:
      return true;
    case TpmAlg::kRsaSsa:
    case TpmAlg::kRsaEs:
    case TpmAlg::kRsaPss:
    case TpmAlg::kOaep:
      return use == SchemeUse::kRsa;
    case TpmAlg::kEcdsa:
    case TpmAlg::kEcdh:
    case TpmAlg::kEcSchnorr:
      return use == SchemeUse::kEcc;
    case TpmAlg::kMgf1:
    case TpmAlg::kKdf1Sp80056a:
    case TpmAlg::kKdf2:
    case TpmAlg::kKdf1Sp800108:
      return use == SchemeUse::kKdf;
    default:
      return false;
  }
}

Status CheckScheme(SchemeUse use, const TpmScheme& scheme) {
  if (!IsKnownScheme(use, scheme.scheme)) return Unsupported(scheme.scheme);
  if (HasHash(scheme.scheme)) return CheckHash(scheme.hash);
  return scheme.hash == TpmAlg::kNull ? OkStatus() : Unsupported(scheme.hash);
}

Status CheckRsaSize(std::uint16_t key_bits) {
  switch (key_bits) {
    case 1024:
    case 2048:
    case 3072:
    case 4096:
      return OkStatus();
    default:
      return Unsupported(key_bits);
  }
}

TpmAlg ReadAlg(wire::Reader& r) { return static_cast<TpmAlg>(r.Be16()); }

// Puts the verdict on what was just read into the Reader; running out of bytes comes first.
void Judge(wire::Reader& r, Status verdict) {
  if (!verdict.ok()) r.Fail(verdict);
}

TpmSymmetric ReadSymmetric(wire::Reader& r) {
  TpmSymmetric symmetric;
  symmetric.algorithm = ReadAlg(r);
  if (r.ok() && symmetric.algorithm != TpmAlg::kNull) {
    symmetric.key_bits = r.Be16();
    symmetric.mode = ReadAlg(r);
  }
  if (r.ok()) Judge(r, CheckSymmetric(symmetric));
  return symmetric;
}

TpmScheme ReadScheme(wire::Reader& r, SchemeUse use) {
  TpmScheme scheme;
  scheme.scheme = ReadAlg(r);
  if (!r.ok()) return scheme;
  if (!IsKnownScheme(use, scheme.scheme)) r.Fail(Unsupported(scheme.scheme));
  if (HasHash(scheme.scheme)) {
    scheme.hash = ReadAlg(r);
    if (r.ok()) Judge(r, CheckHash(scheme.hash));
  }
  return scheme;
}

void ReadRsa(wire::Reader& r, TpmPublic& key) {
  key.symmetric = ReadSymmetric(r);
  key.scheme = ReadScheme(r, SchemeUse::kRsa);
  key.key_bits = r.Be16();
  if (r.ok()) Judge(r, CheckRsaSize(key.key_bits));
  key.exponent = r.Be32();
  key.modulus = r.TakeBe16Sized();
  r.Require(key.modulus.size() <= key.key_bits / 8u);
}

void ReadEcc(wire::Reader& r, TpmPublic& key) {
  key.symmetric = ReadSymmetric(r);
  key.scheme = ReadScheme(r, SchemeUse::kEcc);
  key.curve = static_cast<TpmCurve>(r.Be16());
  if (!r.ok()) return;
  const Result<crypto::Curve> curve = ToCurve(key.curve);
  if (!curve.ok()) return r.Fail(curve.status());
  key.kdf = ReadScheme(r, SchemeUse::kKdf);
  key.x = r.TakeBe16Sized();
  r.Require(key.x.size() <= crypto::CoordinateSize(*curve));
  key.y = r.TakeBe16Sized();
  r.Require(key.y.size() <= crypto::CoordinateSize(*curve));
}

TpmPublic ReadTpmt(wire::Reader& r) {
  TpmPublic key;
  key.type = ReadAlg(r);
  if (r.ok() && key.type != TpmAlg::kRsa && key.type != TpmAlg::kEcc) r.Fail(Unsupported(key.type));
  key.name_alg = ReadAlg(r);
  if (r.ok()) Judge(r, CheckHash(key.name_alg));
  key.attributes = r.Be32();
  r.Require((key.attributes & ~kKnownAttributes) == 0);
  key.auth_policy = r.TakeBe16Sized();
  r.Require(key.auth_policy.empty() || key.auth_policy.size() == TpmDigestSize(key.name_alg));
  if (key.type == TpmAlg::kRsa) {
    ReadRsa(r, key);
  } else {
    ReadEcc(r, key);
  }
  return key;
}

Status CheckValues(const TpmPublic& key) {
  if (key.type != TpmAlg::kRsa && key.type != TpmAlg::kEcc) return Unsupported(key.type);
  SVSM_TRY(CheckHash(key.name_alg));
  if ((key.attributes & ~kKnownAttributes) != 0) return Unsupported(key.attributes);
  const std::size_t policy_size = key.auth_policy.size();
  if (policy_size != 0 && policy_size != TpmDigestSize(key.name_alg)) return Unsupported(0u);
  SVSM_TRY(CheckSymmetric(key.symmetric));
  if (key.type == TpmAlg::kRsa) {
    SVSM_TRY(CheckScheme(SchemeUse::kRsa, key.scheme));
    SVSM_TRY(CheckRsaSize(key.key_bits));
    return key.modulus.size() <= key.key_bits / 8u ? OkStatus() : Unsupported(0u);
  }
  SVSM_TRY(CheckScheme(SchemeUse::kEcc, key.scheme));
  SVSM_TRY(CheckScheme(SchemeUse::kKdf, key.kdf));
  SVSM_ASSIGN_OR_RETURN(const crypto::Curve curve, ToCurve(key.curve));
  const std::size_t limit = crypto::CoordinateSize(curve);
  return key.x.size() <= limit && key.y.size() <= limit ? OkStatus() : Unsupported(0u);
}

void WriteAlg(wire::Writer& w, TpmAlg alg) { w.Be16(static_cast<std::uint16_t>(alg)); }

void WriteScheme(wire::Writer& w, const TpmScheme& scheme) {
  WriteAlg(w, scheme.scheme);
  if (HasHash(scheme.scheme)) WriteAlg(w, scheme.hash);
}

void WriteTpmt(wire::Writer& w, const TpmPublic& key) {
  WriteAlg(w, key.type);
  WriteAlg(w, key.name_alg);
  w.Be32(key.attributes);
  w.PutBe16Sized(key.auth_policy);
  WriteAlg(w, key.symmetric.algorithm);
  if (key.symmetric.algorithm != TpmAlg::kNull) {
    w.Be16(key.symmetric.key_bits);
    WriteAlg(w, key.symmetric.mode);
  }
  WriteScheme(w, key.scheme);
  if (key.type == TpmAlg::kRsa) {
    w.Be16(key.key_bits);
    w.Be32(key.exponent);
    w.PutBe16Sized(key.modulus);
    return;
  }
  w.Be16(static_cast<std::uint16_t>(key.curve));
  WriteScheme(w, key.kdf);
  w.PutBe16Sized(key.x);
  w.PutBe16Sized(key.y);
}

// Digest of the parts behind the hash's number.
Result<TpmName> MakeName(const crypto::Hash& hash, std::span<const ByteView> parts) {
  TpmName name;
  const std::size_t digest_size = crypto::DigestSize(hash.algorithm());
  const wire::Be16 number(static_cast<std::uint16_t>(ToTpmAlg(hash.algorithm())));
  Copy(name.bytes, wire::ToBytes(number));
  SVSM_TRY(hash.Digest(parts, ByteSpan(name.bytes).subspan(2, digest_size)));
  name.size = 2 + digest_size;
  return name;
}

}  // namespace

Result<TpmPublic> ParseTpmtPublic(ByteView in) {
  wire::Reader r(in);
  const TpmPublic key = ReadTpmt(r);
  SVSM_TRY(r.Finish());
  return key;
}

Result<TpmPublic> ParseTpm2bPublic(ByteView in) {
  wire::Reader r(in);
  const std::size_t size = r.Be16();
  r.Require(size == r.remaining());
  const TpmPublic key = ReadTpmt(r);
  SVSM_TRY(r.Finish());
  return key;
}

Result<ByteView> BuildTpmtPublic(const TpmPublic& key, ByteSpan out) {
  if (!CheckValues(key).ok()) return Status(Code::kInvalidArgument, Source::kEvidence);
  wire::Writer w(out);
  WriteTpmt(w, key);
  return w.Finish();
}

Result<ByteView> BuildTpm2bPublic(const TpmPublic& key, ByteSpan out) {
  if (!CheckValues(key).ok()) return Status(Code::kInvalidArgument, Source::kEvidence);
  wire::Writer w(out);
  const wire::Writer::Mark size = w.BeginBe16Sized();
  WriteTpmt(w, key);
  w.End(size);
  return w.Finish();
}

Result<TpmName> ComputeName(const crypto::Hash& hash, ByteView tpmt_public) {
  SVSM_ASSIGN_OR_RETURN(const TpmPublic key, ParseTpmtPublic(tpmt_public));
  if (ToTpmAlg(hash.algorithm()) != key.name_alg) {
    return Status(Code::kInvalidArgument, Source::kEvidence);
  }
  return MakeName(hash, {&tpmt_public, 1});
}

Result<TpmName> ComputeQualifiedName(const crypto::Hash& hash, ByteView parent, ByteView name) {
  const std::size_t digest_size = crypto::DigestSize(hash.algorithm());
  wire::Reader r(name);
  const TpmAlg name_alg = ReadAlg(r);
  if (name.size() != 2 + digest_size || name_alg != ToTpmAlg(hash.algorithm())) {
    return Status(Code::kInvalidArgument, Source::kEvidence);
  }
  const ByteView parts[] = {parent, name};
  return MakeName(hash, parts);
}

}  // namespace svsm::evidence
