#include "broker/token_shape.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "broker/base64_text.h"
#include "svsm/kbs/json.h"

namespace svsm::broker {
namespace {

using kbs::JsonReader;
using kbs::JsonWriter;
using kbs::TextIs;

constexpr const char* kDottedProfile = "tag:github.com,2024:confidential-containers/Trustee";
constexpr const char* kUnderscoredProfile = "tag:ietf.org,2026:rats/ear#03";
constexpr std::size_t kMaxJson = 12288;

constexpr const char* kTrustClaimNames[kNumTrustClaims] = {
    "instance-identity", "configuration",  "executables",    "file-system",
    "hardware",          "runtime-opaque", "storage-opaque", "sourced-data"};

// A claim's names, by EarSpelling.
using Names = const char* const[2];
constexpr Names kVerifierId = {"ear.verifier-id", "ear_verifier_id"};
constexpr Names kStatus = {"ear.status", "ear_status"};
constexpr Names kVector = {"ear.trustworthiness-vector", "ear_trustworthiness_vector"};
constexpr Names kPolicyId = {"ear.appraisal-policy-id", "ear_appraisal_policy_ids"};
constexpr Names kEvidence = {"ear.veraison.annotated-evidence", "ear_veraison_annotated_evidence"};

const char* Name(Names& names, EarSpelling spelling) {
  return names[static_cast<std::size_t>(spelling)];
}

void PutText(JsonWriter& json, const std::string& text) { json.String(AsBytes(text)); }

void PutSigned(JsonWriter& json, int value) { json.Raw(AsBytes(std::to_string(value))); }

void PutSubmodule(JsonWriter& json, const TokenClaims& claims, EarSpelling spelling) {
  json.BeginObject();
  json.Key(Name(kStatus, spelling));
  json.String(EarStatusName(claims.status));
  json.Key(Name(kVector, spelling));
  json.BeginObject();
  for (std::size_t i = 0; i < kNumTrustClaims; ++i) {
    json.Key(kTrustClaimNames[i]);
    PutSigned(json, claims.vector[i]);
  }
  json.EndObject();
  json.Key(Name(kPolicyId, spelling));
  if (spelling == EarSpelling::kUnderscored) json.BeginArray();
  PutText(json, claims.policy_id);
  if (spelling == EarSpelling::kUnderscored) json.EndArray();
  if (!claims.evidence.empty()) {
    json.Key(Name(kEvidence, spelling));
    json.Raw(AsBytes(claims.evidence));
  }
  json.EndObject();
}

bool IsObject(std::string_view text) {
  JsonReader json(AsBytes(text));
  if (json.Peek() != JsonReader::Type::kObject) return false;
  json.Skip();
  return json.Finish().ok();
}

// Whether a text needs no escapes as a member's name.
bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; });
}

std::optional<EarStatus> StatusOf(ByteView name) {
  for (const EarStatus status : {EarStatus::kNone, EarStatus::kAffirming, EarStatus::kWarning,
                                 EarStatus::kContraindicated}) {
    if (TextIs(name, EarStatusName(status))) return status;
  }
  return std::nullopt;
}

// Reads claims; a claim's spelling binds the rest.
class ClaimsReader {
 public:
  explicit ClaimsReader(ByteView text) : json_(text) {}

  Result<TokenClaims> Read() {
    ByteView name;
    json_.BeginObject();
    while (json_.NextMember(name)) ReadClaim(name);
    if (seen_ != kAll) json_.Fail(Code::kMalformed);
    const Status status = json_.Finish();
    if (foreign_profile_) return Status(Code::kUnsupported, Source::kBroker);
    if (!status.ok()) return Status(Code::kMalformed, Source::kBroker);
    return std::move(claims_);
  }

 private:
  enum Seen : std::uint32_t { kProfile = 1, kIssued = 2, kExpires = 4, kSubmods = 8, kAll = 15 };

  // Whether the claim is called so, in the spelling that the profile named before or that any
  // claim had.
  bool Is(ByteView name, Names& names) {
    for (const EarSpelling spelling : {EarSpelling::kDotted, EarSpelling::kUnderscored}) {
      if (!TextIs(name, Name(names, spelling))) continue;
      Bind(spelling);
      return true;
    }
    return false;
  }

  void Bind(EarSpelling spelling) {
    if (spelling_.has_value() && *spelling_ != spelling) json_.Fail(Code::kMalformed);
    spelling_ = spelling;
  }

  std::string Text() { return ToText(json_.String()); }

  std::int64_t Time() {
    const std::uint64_t seconds = json_.Unsigned();
    if (seconds > INT64_MAX) json_.Fail(Code::kMalformed);
    return static_cast<std::int64_t>(seconds);
  }

  void ReadClaim(ByteView name) {
    if (TextIs(name, "eat_profile")) {
      ReadProfile();
    } else if (TextIs(name, "iat")) {
      claims_.issued_at = Time();
      seen_ |= kIssued;
    } else if (TextIs(name, "exp")) {
      claims_.expires_at = Time();
      seen_ |= kExpires;
    } else if (TextIs(name, "iss")) {
      claims_.issuer = Text();
    } else if (Is(name, kVerifierId)) {
      ReadVerifier();
    } else if (TextIs(name, "submods")) {
      ReadSubmodules();
    } else {
      json_.Skip();
    }
  }

  void ReadProfile() {
    const ByteView profile = json_.String();
    seen_ |= kProfile;
    if (TextIs(profile, kDottedProfile)) {
      Bind(EarSpelling::kDotted);
    } else if (TextIs(profile, kUnderscoredProfile)) {
      Bind(EarSpelling::kUnderscored);
    } else if (json_.ok()) {
      foreign_profile_ = true;
    }
  }

  void ReadVerifier() {
    ByteView name;
    json_.BeginObject();
    while (json_.NextMember(name)) {
      if (TextIs(name, "developer")) {
        claims_.verifier_developer = Text();
      } else if (TextIs(name, "build")) {
        claims_.verifier_build = Text();
      } else {
        json_.Skip();
      }
    }
  }

  void ReadSubmodules() {
    ByteView name;
    bool first = true;
    EarStatus worst = EarStatus::kNone;
    json_.BeginObject();
    while (json_.NextMember(name)) {
      TokenClaims before = claims_;
      ReadSubmodule();
      // kNone is no judgement: worse than an affirmation.
      if (first || Badness(claims_.status) > Badness(worst)) worst = claims_.status;
      if (first) {
        claims_.submodule = ToText(name);
      } else {
        claims_ = std::move(before);
      }
      first = false;
    }
    claims_.status = worst;
    if (!first) seen_ |= kSubmods;
  }

  static int Badness(EarStatus status) {
    return status == EarStatus::kNone ? 3 : static_cast<int>(status);
  }

  void ReadSubmodule() {
    bool has_status = false;
    ByteView name;
    json_.BeginObject();
    while (json_.NextMember(name)) {
      if (Is(name, kStatus)) {
        const std::optional<EarStatus> status = StatusOf(json_.String());
        if (!status.has_value()) json_.Fail(Code::kMalformed);
        claims_.status = status.value_or(EarStatus::kContraindicated);
        has_status = true;
      } else if (Is(name, kVector)) {
        ReadVector();
      } else if (Is(name, kPolicyId)) {
        ReadPolicyIds();
      } else if (Is(name, kEvidence)) {
        if (json_.Peek() != JsonReader::Type::kObject) json_.Fail(Code::kMalformed);
        claims_.evidence = ToText(json_.Raw());
      } else {
        json_.Skip();
      }
    }
    if (!has_status) json_.Fail(Code::kMalformed);
  }

  void ReadVector() {
    ByteView name;
    json_.BeginObject();
    while (json_.NextMember(name)) {
      const ByteView value = json_.Raw();
      for (std::size_t i = 0; i < kNumTrustClaims; ++i) {
        if (TextIs(name, kTrustClaimNames[i])) claims_.vector[i] = SmallNumber(value);
      }
    }
  }

  // One of -128 to 127.
  std::int8_t SmallNumber(ByteView text) {
    const bool negative = !text.empty() && text[0] == '-';
    JsonReader number(negative ? text.subspan(1) : text);
    const std::uint64_t size = number.Unsigned();
    if (!number.Finish().ok() || size > (negative ? 128u : 127u)) json_.Fail(Code::kMalformed);
    const int value = static_cast<int>(size & 0xFF);
    return static_cast<std::int8_t>(negative ? -value : value);
  }

  // A text, or an array of texts of which the first is kept.
  void ReadPolicyIds() {
    if (json_.Peek() != JsonReader::Type::kArray) {
      claims_.policy_id = Text();
      return;
    }
    bool first = true;
    json_.BeginArray();
    while (json_.NextElement()) {
      const std::string id = Text();
      if (first) claims_.policy_id = id;
      first = false;
    }
  }

  JsonReader json_;
  TokenClaims claims_;
  std::uint32_t seen_ = 0;
  std::optional<EarSpelling> spelling_;
  bool foreign_profile_ = false;
};

}  // namespace

Result<std::string> WriteTokenHeader(const SigningKey& key) {
  ByteVector buffer(kMaxJson);
  JsonWriter json(buffer);
  json.BeginObject();
  json.Key("typ");
  json.String("JWT");
  json.Key("alg");
  json.String("ES256");
  json.Key("kid");
  PutText(json, key.id());
  json.Key("jwk");
  json.BeginObject();
  json.Key("alg");
  json.String("ES256");
  json.Key("kty");
  json.String("EC");
  json.Key("crv");
  json.String("P-256");
  json.Key("x");
  json.Encoded(kbs::Base64::kUrl, key.public_key().x);
  json.Key("y");
  json.Encoded(kbs::Base64::kUrl, key.public_key().y);
  json.EndObject();
  json.EndObject();
  SVSM_ASSIGN_OR_RETURN(const ByteView text, json.Finish());
  return ToText(text);
}

Result<std::string> WriteTokenClaims(const TokenClaims& claims, EarSpelling spelling) {
  const bool has_evidence = !claims.evidence.empty();
  if (claims.issued_at < 0 || claims.expires_at < 0 || !IsPlain(claims.submodule) ||
      (has_evidence && !IsObject(claims.evidence))) {
    return Status(Code::kInvalidArgument, Source::kBroker);
  }
  ByteVector buffer(kMaxTokenSize);
  JsonWriter json(buffer);
  json.BeginObject();
  json.Key("eat_profile");
  json.String(spelling == EarSpelling::kDotted ? kDottedProfile : kUnderscoredProfile);
  json.Key("iat");
  json.Unsigned(static_cast<std::uint64_t>(claims.issued_at));
  json.Key(Name(kVerifierId, spelling));
  json.BeginObject();
  json.Key("developer");
  PutText(json, claims.verifier_developer);
  json.Key("build");
  PutText(json, claims.verifier_build);
  json.EndObject();
  json.Key("submods");
  json.BeginObject();
  json.Key(claims.submodule.c_str());
  PutSubmodule(json, claims, spelling);
  json.EndObject();
  json.Key("exp");
  json.Unsigned(static_cast<std::uint64_t>(claims.expires_at));
  json.Key("iss");
  PutText(json, claims.issuer);
  json.EndObject();
  const Result<ByteView> text = json.Finish();
  if (text.ok()) return ToText(*text);
  const bool too_long = text.status().code() == Code::kBufferTooSmall;
  return too_long
             ? Status(Code::kOutOfRange, Source::kBroker, static_cast<std::uint32_t>(kMaxTokenSize))
             : Status(Code::kInvalidArgument, Source::kBroker);
}

Status CheckTokenHeader(ByteView text) {
  JsonReader json(text);
  ByteView name;
  bool es256 = false;
  bool critical = false;
  json.BeginObject();
  while (json.NextMember(name)) {
    const bool is_alg = TextIs(name, "alg");
    critical = critical || TextIs(name, "crit");
    if (is_alg && json.Peek() == JsonReader::Type::kString) {
      es256 = TextIs(json.String(), "ES256");
    } else {
      json.Skip();
    }
  }
  if (!json.Finish().ok()) return Status(Code::kMalformed, Source::kBroker);
  if (!es256 || critical) return Status(Code::kUnsupported, Source::kBroker);
  return OkStatus();
}

Result<TokenClaims> ReadTokenClaims(ByteView text) { return ClaimsReader(text).Read(); }

}  // namespace svsm::broker
