#include "svsm/evidence/attest.h"

#include "svsm/core/reader.h"

namespace svsm::evidence {
namespace {

constexpr std::uint32_t kGeneratedValue = 0xFF544347;
constexpr std::uint16_t kAttestCertify = 0x8017;
constexpr std::uint16_t kAttestQuote = 0x8018;
constexpr std::size_t kMaxNonceSize = crypto::kMaxDigestSize + 2;  // TPM2B_DATA holds a TPMT_HA
constexpr std::size_t kMaxNameSize = crypto::kMaxDigestSize + 2;
constexpr std::size_t kMaxSignatureSize = 512;

void FailUnsupported(wire::Reader& r, std::uint32_t number) {
  r.Fail(Status(Code::kUnsupported, Source::kEvidence, number));
}

ByteView TakeAtMost(wire::Reader& r, std::size_t limit) {
  const ByteView bytes = r.TakeBe16Sized();
  r.Require(bytes.size() <= limit);
  return bytes;
}

TpmAttestCommon ReadCommon(wire::Reader& r, std::uint16_t wanted_type) {
  TpmAttestCommon common;
  r.Require(r.Be32() == kGeneratedValue);
  const std::uint16_t type = r.Be16();
  if (r.ok() && type != wanted_type) FailUnsupported(r, type);
  common.qualified_signer = TakeAtMost(r, kMaxNameSize);
  common.extra_data = TakeAtMost(r, kMaxNonceSize);
  common.clock.clock_ms = r.Be64();
  common.clock.reset_count = r.Be32();
  common.clock.restart_count = r.Be32();
  const std::uint8_t safe = r.U8();
  r.Require(safe <= 1);
  common.clock.safe = safe == 1;
  common.firmware_version = r.Be64();
  return common;
}

PcrSelection ReadSelection(wire::Reader& r) {
  PcrSelection selection;
  selection.bank = static_cast<TpmAlg>(r.Be16());
  if (r.ok() && TpmDigestSize(selection.bank) == 0) {
    FailUnsupported(r, static_cast<std::uint32_t>(selection.bank));
  }
  const ByteView bits = r.Take(r.U8());
  r.Require(!bits.empty() && bits.size() <= sizeof(selection.mask));
  if (!r.ok()) return selection;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    selection.mask |= static_cast<std::uint32_t>(bits[i]) << (8 * i);
  }
  r.Require(selection.mask >> kNumPcrs == 0);
  return selection;
}

bool HasBank(const PcrSelectionList& list, TpmAlg bank) {
  for (const PcrSelection& selection : list.view()) {
    if (selection.bank == bank) return true;
  }
  return false;
}

PcrSelectionList ReadSelections(wire::Reader& r) {
  PcrSelectionList list;
  const std::uint32_t count = r.Be32();
  if (count > kMaxPcrBanks) FailUnsupported(r, count);
  for (std::uint32_t i = 0; r.ok() && i < count; ++i) {
    const PcrSelection selection = ReadSelection(r);
    r.Require(!HasBank(list, selection.bank));
    list.items[list.size++] = selection;
  }
  return list;
}

// Finds the one value of a PCR.
Result<ByteView> FindPcr(std::span<const PcrValue> values, TpmAlg bank, std::uint32_t index) {
  const PcrValue* found = nullptr;
  for (const PcrValue& value : values) {
    if (value.bank != bank || value.index != index) continue;
    if (found != nullptr) return Status(Code::kAlreadyExists, Source::kEvidence, index);
    found = &value;
  }
  if (found == nullptr) return Status(Code::kNotFound, Source::kEvidence, index);
  if (found->digest.size() != TpmDigestSize(bank)) {
    return Status(Code::kInvalidArgument, Source::kEvidence, index);
  }
  return found->digest;
}

Status HashSelected(crypto::HashStream& hash, const PcrSelectionList& selection,
                    std::span<const PcrValue> values) {
  for (const PcrSelection& bank : selection.view()) {
    for (std::uint32_t index = 0; index < kNumPcrs; ++index) {
      if ((bank.mask >> index & 1) == 0) continue;
      SVSM_ASSIGN_OR_RETURN(const ByteView value, FindPcr(values, bank.bank, index));
      SVSM_TRY(hash.Update(value));
    }
  }
  return OkStatus();
}

}  // namespace

Result<TpmQuote> ParseQuote(ByteView attest) {
  wire::Reader r(attest);
  TpmQuote quote;
  quote.common = ReadCommon(r, kAttestQuote);
  quote.selection = ReadSelections(r);
  quote.pcr_digest = TakeAtMost(r, crypto::kMaxDigestSize);
  SVSM_TRY(r.Finish());
  return quote;
}

Result<TpmCertify> ParseCertify(ByteView attest) {
  wire::Reader r(attest);
  TpmCertify certify;
  certify.common = ReadCommon(r, kAttestCertify);
  certify.name = TakeAtMost(r, kMaxNameSize);
  certify.qualified_name = TakeAtMost(r, kMaxNameSize);
  SVSM_TRY(r.Finish());
  return certify;
}

Result<TpmSignature> ParseSignature(ByteView in) {
  wire::Reader r(in);
  TpmSignature signature;
  signature.scheme = static_cast<TpmAlg>(r.Be16());
  const bool rsa = signature.scheme == TpmAlg::kRsaSsa || signature.scheme == TpmAlg::kRsaPss;
  if (r.ok() && !rsa && signature.scheme != TpmAlg::kEcdsa) {
    FailUnsupported(r, static_cast<std::uint32_t>(signature.scheme));
  }
  signature.hash = static_cast<TpmAlg>(r.Be16());
  if (r.ok() && TpmDigestSize(signature.hash) == 0) {
    FailUnsupported(r, static_cast<std::uint32_t>(signature.hash));
  }
  if (rsa) {
    signature.rsa = TakeAtMost(r, kMaxSignatureSize);
    r.Require(!signature.rsa.empty());
  } else {
    signature.r = TakeAtMost(r, crypto::kMaxCoordinateSize);
    r.Require(!signature.r.empty());
    signature.s = TakeAtMost(r, crypto::kMaxCoordinateSize);
    r.Require(!signature.s.empty());
  }
  SVSM_TRY(r.Finish());
  return signature;
}

Status ComputePcrDigest(crypto::HashStream& hash, const PcrSelectionList& selection,
                        std::span<const PcrValue> values, ByteSpan out) {
  Fill(out, 0);
  if (out.size() != crypto::DigestSize(hash.algorithm())) {
    return Status(Code::kInvalidArgument, Source::kEvidence);
  }
  hash.Reset();
  const Status hashed = HashSelected(hash, selection, values);
  if (!hashed.ok()) {
    hash.Reset();
    return hashed;
  }
  return hash.Finish(out);
}

}  // namespace svsm::evidence
