#include "tests/crypto/kat/kat_runner.h"

#include "svsm/core/reader.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/kdf.h"
#include "svsm/crypto/key_wrap.h"

namespace svsm::crypto::kat {

namespace {

constexpr auto kMagic = Ascii("SVSMKAT1");
constexpr std::size_t kMaxFields = 8;
constexpr std::size_t kMaxOutput = 640;

enum class Verdict { kPass, kFail, kAbsent };

constexpr Verdict When(bool pass) { return pass ? Verdict::kPass : Verdict::kFail; }

struct Vector {
  unsigned parameter = 0;
  bool good = false;
  std::array<ByteView, kMaxFields> field{};
};

// Room for an output as long as `like`.
struct Output {
  explicit Output(std::size_t wanted) : size(wanted < kMaxOutput ? wanted : kMaxOutput) {}
  ByteSpan span() { return ByteSpan(bytes).first(size); }
  bool Is(ByteView wanted) { return Equal(span(), wanted); }
  std::size_t size;
  Bytes<kMaxOutput> bytes{};
};

Verdict RunHash(const Primitives& with, const Vector& v) {
  const Hash* hash = with.hash[v.parameter];
  if (!hash) return Verdict::kAbsent;
  Output out(v.field[1].size());
  return When(hash->Digest(v.field[0], out.span()).ok() && out.Is(v.field[1]));
}

Verdict RunHmac(const Primitives& with, const Vector& v) {
  Hmac* hmac = with.hmac[v.parameter];
  if (!hmac) return Verdict::kAbsent;
  Output out(DigestSize(hmac->algorithm()));
  if (!hmac->SetKey(v.field[0]).ok() || !hmac->Compute(v.field[1], out.span()).ok()) {
    return Verdict::kFail;
  }
  // Some vectors have a truncated MAC.
  const ByteView mac = v.field[2];
  return When(mac.size() <= out.size && Equal(out.span().first(mac.size()), mac) == v.good);
}

Verdict RunEcb(const Primitives& with, const Vector& v) {
  if (!with.aes) return Verdict::kAbsent;
  Output out(v.field[1].size());
  return When(with.aes->SetKey(v.field[0]).ok() &&
              with.aes->EncryptEcb(v.field[1], out.span()).ok() && out.Is(v.field[2]) &&
              with.aes->DecryptEcb(v.field[2], out.span()).ok() && out.Is(v.field[1]));
}

Verdict RunCbc(const Primitives& with, const Vector& v) {
  if (!with.aes) return Verdict::kAbsent;
  const auto iv = v.field[1].first<kAesBlockSize>();
  Output out(v.field[2].size());
  return When(with.aes->SetKey(v.field[0]).ok() &&
              with.aes->EncryptCbc(iv, v.field[2], out.span()).ok() && out.Is(v.field[3]) &&
              with.aes->DecryptCbc(iv, v.field[3], out.span()).ok() && out.Is(v.field[2]));
}

Verdict RunCtr(const Primitives& with, const Vector& v) {
  if (!with.aes) return Verdict::kAbsent;
  const auto counter = v.field[1].first<kAesBlockSize>();
  Output out(v.field[2].size());
  return When(with.aes->SetKey(v.field[0]).ok() &&
              with.aes->Ctr(counter, v.field[2], out.span()).ok() && out.Is(v.field[3]) &&
              with.aes->Ctr(counter, v.field[3], out.span()).ok() && out.Is(v.field[2]));
}

Verdict RunGcm(const Primitives& with, const Vector& v) {
  if (!with.gcm) return Verdict::kAbsent;
  const auto nonce = v.field[1].first<kGcmNonceSize>();
  const auto tag = v.field[5].first<kGcmTagSize>();
  const ByteView ciphertext = v.field[4];
  Output out(ciphertext.size());
  if (!with.gcm->SetKey(v.field[0]).ok()) return Verdict::kFail;
  const Status opened = with.gcm->Open(nonce, v.field[2], ciphertext, tag, out.span());
  if (!v.good) {
    return When(opened == Status(Code::kAuthFailed, Source::kCrypto) && IsZero(out.span()));
  }
  if (!opened.ok() || !out.Is(v.field[3])) return Verdict::kFail;
  Bytes<kGcmTagSize> made{};
  return When(with.gcm->Seal(nonce, v.field[2], v.field[3], out.span(), made).ok() &&
              out.Is(ciphertext) && Equal(made, tag));
}

Verdict RunKeyWrap(const Primitives& with, const Vector& v) {
  if (!with.aes) return Verdict::kAbsent;
  const ByteView wrapped = v.field[2];
  Output key(wrapped.size() - kKeyWrapOverhead);
  if (!with.aes->SetKey(v.field[0]).ok()) return Verdict::kFail;
  const Status unwrapped = UnwrapKey(*with.aes, wrapped, key.span());
  if (!v.good) {
    return When(unwrapped == Status(Code::kAuthFailed, Source::kCrypto) && IsZero(key.span()));
  }
  Output out(wrapped.size());
  return When(unwrapped.ok() && key.Is(v.field[1]) &&
              WrapKey(*with.aes, v.field[1], out.span()).ok() && out.Is(wrapped));
}

Verdict RunEcdsaVerify(const Primitives& with, const Vector& v) {
  EcdsaVerifier* verifier = with.verifier[v.parameter];
  if (!verifier) return Verdict::kAbsent;
  const Status key = verifier->SetPublicKey({v.field[0], v.field[1]});
  // A changed key may well be off the curve.
  if (!key.ok()) return When(!v.good && key == Status(Code::kMalformed, Source::kCrypto));
  const Status verdict = verifier->Verify(v.field[2], {v.field[3], v.field[4]});
  return When(verdict == (v.good ? OkStatus() : Status(Code::kAuthFailed, Source::kCrypto)));
}

Verdict RunEcdsaSign(const Primitives& with, const Vector& v) {
  EcdsaSigner* signer = with.signer[v.parameter];
  if (!signer) return Verdict::kAbsent;
  Output r(v.field[2].size());
  Output s(v.field[3].size());
  return When(signer->SetPrivateKey(v.field[0]).ok() &&
              signer->Sign(v.field[1], r.span(), s.span()).ok() && r.Is(v.field[2]) &&
              s.Is(v.field[3]));
}

Verdict RunEcdh(const Primitives& with, const Vector& v) {
  Ecdh* ecdh = with.ecdh[v.parameter];
  if (!ecdh) return Verdict::kAbsent;
  Output z(CoordinateSize(ecdh->curve()));
  if (!ecdh->SetPrivateKey(v.field[0]).ok()) return Verdict::kFail;
  const Status agreed = ecdh->Agree({v.field[1], v.field[2]}, z.span());
  if (!v.good) {
    return When(agreed == Status(Code::kMalformed, Source::kCrypto) && IsZero(z.span()));
  }
  return When(agreed.ok() && z.Is(v.field[3]));
}

Verdict RunKbkdf(const Primitives& with, const Vector& v) {
  Hmac* hmac = with.hmac[v.parameter];
  if (!hmac) return Verdict::kAbsent;
  Output out(v.field[2].size());
  return When(KbkdfCounter(*hmac, v.field[0], {&v.field[1], 1}, out.span()).ok() &&
              out.Is(v.field[2]));
}

Verdict RunKdfA(const Primitives& with, const Vector& v) {
  Hmac* hmac = with.hmac[v.parameter];
  if (!hmac) return Verdict::kAbsent;
  Output out(v.field[4].size());
  return When(KdfA(*hmac, v.field[0], v.field[1], v.field[2], v.field[3], out.span()).ok() &&
              out.Is(v.field[4]));
}

Verdict RunConcatKdf(const Primitives& with, const Vector& v) {
  const Hash* hash = with.hash[v.parameter];
  if (!hash) return Verdict::kAbsent;
  Output out(v.field[2].size());
  return When(ConcatKdf(*hash, v.field[0], {&v.field[1], 1}, out.span()).ok() &&
              out.Is(v.field[2]));
}

Verdict RunDrbg(const Primitives& with, const Vector& v) {
  Hmac* hmac = with.hmac[v.parameter];
  if (!hmac) return Verdict::kAbsent;
  Drbg drbg(*hmac);
  const std::span<const ByteView> fields(v.field);
  Output out(v.field[7].size());
  return When(drbg.Seed(fields.subspan(0, 3)).ok() && drbg.Reseed(fields.subspan(3, 2)).ok() &&
              drbg.Generate(fields.subspan(5, 1), out.span()).ok() &&
              drbg.Generate(fields.subspan(6, 1), out.span()).ok() && out.Is(v.field[7]));
}

Verdict RunRsaPss(const Primitives& with, const Vector& v) {
  if (!with.rsa_pss) return Verdict::kAbsent;
  if (!with.rsa_pss->SetPublicKey(v.field[0], v.field[1]).ok()) return Verdict::kFail;
  const Status verdict = with.rsa_pss->Verify(static_cast<HashAlg>(v.parameter), v.field[2][0],
                                              v.field[3], v.field[4]);
  return When(verdict == (v.good ? OkStatus() : Status(Code::kAuthFailed, Source::kCrypto)));
}

struct Kind {
  std::size_t num_fields;
  // The fields whose size is fixed, so that a runner may take it for granted; 0: any.
  std::size_t exact_field;
  std::size_t exact_size;
  unsigned num_parameters;
  Verdict (*run)(const Primitives&, const Vector&);
};

// In the order of make.py.
constexpr Kind kKinds[] = {
    {2, 0, 0, 4, RunHash},
    {3, 0, 0, 4, RunHmac},
    {3, 0, 0, 1, RunEcb},
    {4, 1, kAesBlockSize, 1, RunCbc},
    {4, 1, kAesBlockSize, 1, RunCtr},
    {6, 5, kGcmTagSize, 1, RunGcm},
    {3, 0, 0, 1, RunKeyWrap},
    {5, 0, 0, 3, RunEcdsaVerify},
    {4, 0, 0, 3, RunEcdsaSign},
    {4, 0, 0, 3, RunEcdh},
    {3, 0, 0, 4, RunKbkdf},
    {5, 0, 0, 4, RunKdfA},
    {3, 0, 0, 4, RunConcatKdf},
    {8, 0, 0, 4, RunDrbg},
    {5, 2, 1, 4, RunRsaPss},
};
static_assert(sizeof(kKinds) / sizeof(kKinds[0]) < kNumKinds);

void Count(Verdict verdict, unsigned kind, ByteView source, std::uint32_t id, Outcome& outcome) {
  if (verdict == Verdict::kAbsent) {
    ++outcome.absent;
    return;
  }
  ++outcome.run;
  ++outcome.run_by_kind[kind];
  if (verdict == Verdict::kPass) return;
  if (outcome.failed++ == 0) {
    outcome.first_failed_source = source;
    outcome.first_failed_id = id;
  }
}

void RunGroup(wire::Reader& reader, const Primitives& primitives, Outcome& outcome) {
  const ByteView source = reader.TakeBe16Sized();
  const unsigned number = reader.U8();
  Vector vector;
  vector.parameter = reader.U8();
  const unsigned count = reader.Be16();
  reader.Require(number >= 1 && number <= sizeof(kKinds) / sizeof(kKinds[0]));
  if (!reader.ok()) return;
  const Kind& kind = kKinds[number - 1];
  reader.Require(vector.parameter < kind.num_parameters);
  for (unsigned i = 0; i < count && reader.ok(); ++i) {
    const std::uint32_t id = reader.Be32();
    vector.good = reader.U8() == 1;
    for (std::size_t at = 0; at < kind.num_fields; ++at) vector.field[at] = reader.TakeBe16Sized();
    reader.Require(kind.exact_size == 0 ||
                   vector.field[kind.exact_field].size() == kind.exact_size);
    if (reader.ok()) Count(kind.run(primitives, vector), number, source, id, outcome);
  }
}

}  // namespace

Outcome RunAll(ByteView vectors, const Primitives& primitives) {
  Outcome outcome;
  wire::Reader reader(vectors);
  reader.Require(Equal(reader.Take(kMagic.size()), kMagic));
  while (reader.ok() && reader.remaining() != 0) RunGroup(reader, primitives, outcome);
  outcome.format = reader.Finish();
  return outcome;
}

}  // namespace svsm::crypto::kat
