#include "svsm/snp_verify/quote.h"

#include <algorithm>

#include "snp/verify/quote_signature.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/openssl.h"
#include "svsm/evidence/tpm_public.h"

namespace svsm::snp {

using evidence::TpmAlg;

namespace {

std::string Hex(ByteView bytes) { return bytes.empty() ? "nothing" : ToHex(bytes); }

std::string NameOf(TpmAlg bank, std::uint32_t index) {
  return std::string(PcrBankName(bank)) + ":" + std::to_string(index);
}

const char* SchemeName(TpmAlg scheme) {
  switch (scheme) {
    case TpmAlg::kRsaSsa:
      return "RSASSA";
    case TpmAlg::kRsaPss:
      return "RSAPSS";
    case TpmAlg::kEcdsa:
      return "ECDSA";
    default:
      return "another scheme";
  }
}

std::string Describe(TpmAlg scheme, TpmAlg hash) {
  return std::string(SchemeName(scheme)) + " with " + PcrBankName(hash);
}

bool Selects(const evidence::PcrSelectionList& selection, const PcrEntry& entry) {
  for (const evidence::PcrSelection& bank : selection.view()) {
    if (bank.bank == entry.bank && entry.index < evidence::kNumPcrs) {
      return (bank.mask >> entry.index & 1) != 0;
    }
  }
  return false;
}

bool Has(const PcrTable& table, TpmAlg bank, std::uint32_t index) {
  return std::any_of(table.begin(), table.end(), [&](const PcrEntry& entry) {
    return entry.bank == bank && entry.index == index;
  });
}

}  // namespace

class QuoteJudge {
 public:
  QuoteJudge(const QuoteEvidence& evidence, const QuoteKey& key, const evidence::TpmQuote& quote)
      : evidence_(evidence), key_(key), quote_(quote) {}

  Result<QuoteVerdict> Run() {
    SVSM_TRY(JudgeKeyUse());
    SVSM_TRY(JudgeSignature());
    JudgeNonce();
    SVSM_TRY(JudgePcrs());
    if (verdict_.refusals.empty()) verdict_.quote = Accept();
    return std::move(verdict_);
  }

 private:
  void Refuse(QuoteReason reason, std::string found, std::string wanted) {
    verdict_.refusals.push_back({reason, std::move(found), std::move(wanted)});
  }
  void LeaveOpen(QuoteAspect aspect) { verdict_.not_judged.push_back(aspect); }

  // A TPM signs TPMS_ATTEST of its own making alone only with a restricted key.
  Status JudgeKeyUse() {
    if (key_.tpmt.empty()) {
      LeaveOpen(QuoteAspect::kKeyUse);
      return OkStatus();
    }
    SVSM_ASSIGN_OR_RETURN(const evidence::TpmPublic area, evidence::ParseTpmtPublic(key_.tpmt));
    scheme_ = area.scheme;
    constexpr std::uint32_t kWanted = evidence::kTpmaFixedTpm | evidence::kTpmaSensitiveDataOrigin |
                                      evidence::kTpmaRestricted | evidence::kTpmaSign;
    if ((area.attributes & (kWanted | evidence::kTpmaDecrypt)) != kWanted) {
      Refuse(QuoteReason::kKeyUse,
             "attributes " + ToHex(wire::ToBytes(wire::Be32(area.attributes))),
             "fixedTPM, sensitiveDataOrigin, restricted, sign, not decrypt");
    }
    return OkStatus();
  }

  Status JudgeSignature() {
    SVSM_ASSIGN_OR_RETURN(const QuoteSignature signature,
                          ReadQuoteSignature(evidence_.signature, key_, scheme_));
    const bool ecc = key_.type == QuoteKey::Type::kEcc;
    const bool fits = ecc == (signature.scheme == TpmAlg::kEcdsa) &&
                      signature.hash != TpmAlg::kSha1 &&
                      (scheme_.scheme == TpmAlg::kNull ||
                       scheme_ == evidence::TpmScheme{signature.scheme, signature.hash});
    if (!fits) {
      const std::string wanted = scheme_.scheme == TpmAlg::kNull
                                     ? std::string(ecc ? "ECDSA" : "RSASSA or RSAPSS") +
                                           " with SHA-256, SHA-384 or SHA-512"
                                     : Describe(scheme_.scheme, scheme_.hash);
      Refuse(QuoteReason::kScheme, Describe(signature.scheme, signature.hash), wanted);
      return OkStatus();
    }
    digest_alg_ = signature.hash;
    const Status checked = CheckQuoteSignature(key_, signature, evidence_.message);
    if (checked.code() == Code::kAuthFailed) {
      Refuse(QuoteReason::kSignature, "a signature that does not verify",
             "one over the quote by the attestation key");
      return OkStatus();
    }
    return checked;
  }

  void JudgeNonce() {
    if (!evidence_.nonce.has_value()) return LeaveOpen(QuoteAspect::kNonce);
    if (!Equal(*evidence_.nonce, quote_.common.extra_data)) {
      Refuse(QuoteReason::kNonce, Hex(quote_.common.extra_data), Hex(*evidence_.nonce));
    }
  }

  // Values for exactly the quoted PCRs.
  void JudgeSelection(const PcrTable& table) {
    for (const evidence::PcrSelection& bank : quote_.selection.view()) {
      for (std::uint32_t index = 0; index < evidence::kNumPcrs; ++index) {
        if ((bank.mask >> index & 1) == 0 || Has(table, bank.bank, index)) continue;
        Refuse(QuoteReason::kPcrMissing, "no value of " + NameOf(bank.bank, index),
               "one of each quoted PCR");
      }
    }
    for (const PcrEntry& entry : table) {
      if (Selects(quote_.selection, entry)) continue;
      Refuse(QuoteReason::kPcrNotQuoted, "a value of " + NameOf(entry.bank, entry.index),
             "values of quoted PCRs alone");
    }
  }

  Status JudgePcrs() {
    if (evidence_.pcrs == nullptr) {
      LeaveOpen(QuoteAspect::kPcrs);
      return OkStatus();
    }
    const std::size_t before = verdict_.refusals.size();
    JudgeSelection(*evidence_.pcrs);
    // Without a known hash there is no digest to compare with, and a refusal already.
    if (verdict_.refusals.size() != before || digest_alg_ == TpmAlg::kNull) return OkStatus();
    std::vector<evidence::PcrValue> values;
    for (const PcrEntry& entry : *evidence_.pcrs) {
      values.push_back({entry.bank, entry.index, entry.value});
    }
    SVSM_ASSIGN_OR_RETURN(const crypto::HashAlg alg, evidence::ToHashAlg(digest_alg_));
    crypto::OpensslHashStream hash(alg);
    ByteVector digest(crypto::DigestSize(alg));
    SVSM_TRY(evidence::ComputePcrDigest(hash, quote_.selection, values, digest));
    if (!Equal(digest, quote_.pcr_digest)) {
      Refuse(QuoteReason::kPcrDigest, "values of digest " + Hex(digest), Hex(quote_.pcr_digest));
    }
    return OkStatus();
  }

  VerifiedQuote Accept() const {
    VerifiedQuote quote;
    if (evidence_.pcrs != nullptr) quote.pcrs_ = *evidence_.pcrs;
    quote.extra_data_ = ToVector(quote_.common.extra_data);
    quote.clock_ = quote_.common.clock;
    quote.firmware_version_ = quote_.common.firmware_version;
    return quote;
  }

  const QuoteEvidence& evidence_;
  const QuoteKey& key_;
  const evidence::TpmQuote& quote_;
  evidence::TpmScheme scheme_;
  TpmAlg digest_alg_ = TpmAlg::kNull;
  QuoteVerdict verdict_;
};

const char* QuoteReasonId(QuoteReason reason) {
  switch (reason) {
    case QuoteReason::kKeyUse:
      return "quote-key-use";
    case QuoteReason::kScheme:
      return "quote-scheme";
    case QuoteReason::kSignature:
      return "quote-signature";
    case QuoteReason::kNonce:
      return "quote-nonce";
    case QuoteReason::kPcrMissing:
      return "quote-pcr-missing";
    case QuoteReason::kPcrNotQuoted:
      return "quote-pcr-not-quoted";
    case QuoteReason::kPcrDigest:
      return "quote-pcr-digest";
  }
  return "?";
}

const char* QuoteAspectId(QuoteAspect aspect) {
  switch (aspect) {
    case QuoteAspect::kNonce:
      return "quote-nonce";
    case QuoteAspect::kPcrs:
      return "quote-pcrs";
    case QuoteAspect::kKeyUse:
      return "quote-key-use";
  }
  return "?";
}

bool Contains(const QuoteRefusals& refusals, QuoteReason reason) {
  return std::any_of(refusals.begin(), refusals.end(),
                     [reason](const QuoteRefusal& refusal) { return refusal.reason == reason; });
}

Result<QuoteVerdict> VerifyQuote(const QuoteEvidence& evidence, const QuoteKey& key) {
  SVSM_ASSIGN_OR_RETURN(const evidence::TpmQuote quote, evidence::ParseQuote(evidence.message));
  return QuoteJudge(evidence, key, quote).Run();
}

}  // namespace svsm::snp
