#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "broker/base64_text.h"
#include "svsm/broker/signing_key.h"
#include "svsm/kbs/json.h"

namespace svsm::broker {
namespace {

using kbs::JsonReader;
using kbs::JsonWriter;
using kbs::TextIs;

constexpr std::size_t kMaxRingFile = 16384;
constexpr int kMaxDraws = 128;
constexpr Status kDamaged(Code::kDataLoss, Source::kBroker);

const char* CurveName(crypto::Curve curve) {
  return curve == crypto::Curve::kP256 ? "P-256" : "P-384";
}

// A JSON key as it stands in the file.
struct KeyText {
  ByteView curve;
  ByteView x;
  ByteView y;
  ByteView d;
  std::uint64_t created = 0;
  std::uint64_t expires = 0;
};

KeyText ReadKey(JsonReader& json) {
  KeyText key;
  ByteView name;
  std::uint32_t seen = 0;
  const auto text = [&](ByteView& out, std::uint32_t bit) {
    out = json.String();
    seen |= bit;
  };
  const auto number = [&](std::uint64_t& out, std::uint32_t bit) {
    out = json.Unsigned();
    if (out > INT64_MAX) json.Fail(Code::kOutOfRange);
    seen |= bit;
  };
  json.BeginObject();
  while (json.NextMember(name)) {
    if (TextIs(name, "crv")) {
      text(key.curve, 1);
    } else if (TextIs(name, "x")) {
      text(key.x, 2);
    } else if (TextIs(name, "y")) {
      text(key.y, 4);
    } else if (TextIs(name, "d")) {
      text(key.d, 8);
    } else if (TextIs(name, "created")) {
      number(key.created, 16);
    } else if (TextIs(name, "expires")) {
      number(key.expires, 32);
    } else {
      json.Skip();
    }
  }
  if (seen != 63) json.Fail(Code::kMalformed);
  return key;
}

Result<std::shared_ptr<const SigningKey>> ToKey(const KeyText& text) {
  const bool p256 = TextIs(text.curve, "P-256");
  if (!p256 && !TextIs(text.curve, "P-384")) return kDamaged;
  Result<ByteVector> scalar = FromBase64(kbs::Base64::kUrl, AsText(text.d));
  if (!scalar.ok()) return kDamaged;
  Result<std::shared_ptr<const SigningKey>> key =
      SigningKey::FromScalar(p256 ? crypto::Curve::kP256 : crypto::Curve::kP384, *scalar);
  Wipe(*scalar);
  if (!key.ok()) return kDamaged;
  const PublicKey& made = (*key)->public_key();
  if (ToBase64(kbs::Base64::kUrl, made.x) != AsText(text.x) ||
      ToBase64(kbs::Base64::kUrl, made.y) != AsText(text.y)) {
    return kDamaged;
  }
  return key;
}

void WritePublicMembers(JsonWriter& json, const SigningKey& key) {
  json.Key("kty");
  json.String("EC");
  json.Key("crv");
  json.String(CurveName(key.public_key().curve));
  json.Key("x");
  json.Encoded(kbs::Base64::kUrl, key.public_key().x);
  json.Key("y");
  json.Encoded(kbs::Base64::kUrl, key.public_key().y);
  json.Key("use");
  json.String("sig");
  json.Key("alg");
  json.String(key.public_key().curve == crypto::Curve::kP256 ? "ES256" : "ES384");
  json.Key("kid");
  json.String(AsBytes(key.id()));
}

Result<std::shared_ptr<const SigningKey>> Draw(crypto::Curve curve, crypto::Rng& rng) {
  Secret<crypto::kMaxCoordinateSize> scalar;
  const ByteSpan used = ByteSpan(scalar.writable()).first(crypto::CoordinateSize(curve));
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    SVSM_TRY(rng.Generate(used));
    Result<std::shared_ptr<const SigningKey>> key = SigningKey::FromScalar(curve, used);
    // A scalar beyond the order is thrown away, so that the others are uniform.
    if (key.ok() || key.status().code() != Code::kMalformed) return key;
  }
  return Status(Code::kInternal, Source::kBroker);
}

// Nobody but the owner may read the file.
Status CheckMode(const std::string& path) {
  struct ::stat info = {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return Status(Code::kNotFound, Source::kSystem, ENOENT);
    return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  }
  const std::uint32_t mode = info.st_mode & 0777;
  if ((mode & 077) != 0) return Status(Code::kPermissionDenied, Source::kBroker, mode);
  return OkStatus();
}

}  // namespace

Result<KeyRing::Entries> KeyRing::Parse(ByteView text) {
  JsonReader json(text);
  ByteView name;
  Entries entries;
  std::vector<KeyText> keys;
  json.BeginObject();
  while (json.NextMember(name)) {
    if (!TextIs(name, "keys")) {
      json.Skip();
      continue;
    }
    json.BeginArray();
    while (json.NextElement()) {
      keys.push_back(ReadKey(json));
      if (keys.size() > kMaxRingKeys) json.Fail(Code::kOutOfRange);
    }
  }
  if (!json.Finish().ok()) return kDamaged;
  for (const KeyText& key : keys) {
    SVSM_ASSIGN_OR_RETURN(std::shared_ptr<const SigningKey> made, ToKey(key));
    entries.push_back({std::move(made), static_cast<std::int64_t>(key.created),
                       static_cast<std::int64_t>(key.expires)});
  }
  return entries;
}

Result<std::string> KeyRing::Write(const Entries& entries) {
  ByteVector buffer(kMaxRingFile);
  JsonWriter json(buffer);
  json.BeginObject();
  json.Key("keys");
  json.BeginArray();
  for (const Entry& entry : entries) {
    json.BeginObject();
    WritePublicMembers(json, *entry.key);
    json.Key("d");
    json.Encoded(kbs::Base64::kUrl,
                 ByteView(entry.key->scalar_.view())
                     .first(crypto::CoordinateSize(entry.key->public_key().curve)));
    json.Key("created");
    json.Unsigned(static_cast<std::uint64_t>(entry.created));
    json.Key("expires");
    json.Unsigned(static_cast<std::uint64_t>(entry.expires));
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  const Result<ByteView> written = json.Finish();
  std::string text;
  if (written.ok()) {
    // At once, so that no part of it stays behind in smaller memory.
    text.reserve(written->size() + 1);
    text.append(AsText(*written)).push_back('\n');
  }
  Wipe(buffer);
  if (!written.ok()) return written.status();
  return text;
}

bool KeyRing::Counts(const Entry& entry) const {
  return entry.expires == 0 || clock_.UnixSeconds() < entry.expires;
}

Status KeyRing::Load(ByteView text) {
  SVSM_ASSIGN_OR_RETURN(Entries entries, Parse(text));
  if (entries.empty() || !Counts(entries.back())) return kDamaged;
  entries_ = std::move(entries);
  return OkStatus();
}

// The file appears whole, and only if there is none: link() does not replace.
Status KeyRing::Create(crypto::Curve curve, crypto::Rng& rng) {
  SVSM_ASSIGN_OR_RETURN(std::shared_ptr<const SigningKey> key, Draw(curve, rng));
  SVSM_ASSIGN_OR_RETURN(std::string text, Write({{std::move(key), clock_.UnixSeconds(), 0}}));
  Bytes<8> suffix{};
  SVSM_TRY(rng.Generate(suffix));
  const std::string beside = path_ + ".new-" + ToHex(suffix);
  const Status written = WriteFileAtomically(beside, AsBytes(text), FileMode::kPrivate);
  Wipe(ByteSpan(static_cast<std::uint8_t*>(static_cast<void*>(text.data())), text.size()));
  SVSM_TRY(written);
  const bool linked = ::link(beside.c_str(), path_.c_str()) == 0;
  const int error = errno;
  ::unlink(beside.c_str());
  if (!linked && error != EEXIST) {
    return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(error));
  }
  const std::size_t slash = path_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool flushed = fd >= 0 && ::fsync(fd) == 0;
  const int flush_error = errno;
  if (fd >= 0) ::close(fd);
  if (flushed) return OkStatus();
  return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(flush_error));
}

Result<std::unique_ptr<KeyRing>> KeyRing::Open(const std::string& path, crypto::Curve curve,
                                               crypto::Rng& rng, const Clock& clock) {
  if (curve != crypto::Curve::kP256 && curve != crypto::Curve::kP384) {
    return Status(Code::kUnsupported, Source::kBroker);
  }
  std::unique_ptr<KeyRing> ring(new KeyRing(path, clock));
  Status found = CheckMode(path);
  if (found.code() == Code::kNotFound) {
    SVSM_TRY(ring->Create(curve, rng));
    found = CheckMode(path);
  }
  SVSM_TRY(found);
  Result<ByteVector> file = ReadFile(path, kMaxRingFile);
  if (!file.ok()) return file.status().code() == Code::kOutOfRange ? kDamaged : file.status();
  const Status loaded = ring->Load(*file);
  Wipe(*file);
  SVSM_TRY(loaded);
  return ring;
}

std::shared_ptr<const SigningKey> KeyRing::active() const {
  const std::lock_guard guard(mutex_);
  return entries_.back().key;
}

std::shared_ptr<const SigningKey> KeyRing::Find(std::string_view id) const {
  for (const auto& key : Keys()) {
    if (key->id() == id) return key;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const SigningKey>> KeyRing::Keys() const {
  const std::lock_guard guard(mutex_);
  std::vector<std::shared_ptr<const SigningKey>> keys;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (Counts(*entry)) keys.push_back(entry->key);
  }
  return keys;
}

std::vector<PublicKey> KeyRing::PublicKeys() const {
  std::vector<PublicKey> keys;
  for (const auto& key : Keys()) keys.push_back(key->public_key());
  return keys;
}

std::string KeyRing::PublicJwkSet() const {
  ByteVector buffer(kMaxRingFile);
  JsonWriter json(buffer);
  json.BeginObject();
  json.Key("keys");
  json.BeginArray();
  for (const auto& key : Keys()) {
    json.BeginObject();
    WritePublicMembers(json, *key);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  const Result<ByteView> text = json.Finish();
  return text.ok() ? ToText(*text) : std::string();
}

Status KeyRing::Rotate(std::int64_t overlap_seconds, crypto::Rng& rng) {
  const std::int64_t now = clock_.UnixSeconds();
  if (overlap_seconds < 0 || overlap_seconds > INT64_MAX - now) {
    return Status(Code::kInvalidArgument, Source::kBroker);
  }
  const std::lock_guard guard(mutex_);
  Entries entries;
  std::copy_if(entries_.begin(), entries_.end(), std::back_inserter(entries),
               [this](const Entry& entry) { return Counts(entry); });
  if (entries.size() >= kMaxRingKeys) return Status(Code::kExhausted, Source::kBroker);
  const crypto::Curve curve = entries_.back().key->public_key().curve;
  SVSM_ASSIGN_OR_RETURN(std::shared_ptr<const SigningKey> key, Draw(curve, rng));
  if (!entries.empty()) entries.back().expires = now + overlap_seconds;
  entries.push_back({std::move(key), now, 0});
  SVSM_ASSIGN_OR_RETURN(std::string text, Write(entries));
  const Status written = WriteFileAtomically(path_, AsBytes(text), FileMode::kPrivate);
  Wipe(ByteSpan(static_cast<std::uint8_t*>(static_cast<void*>(text.data())), text.size()));
  SVSM_TRY(written);
  entries_ = std::move(entries);
  return OkStatus();
}

}  // namespace svsm::broker
