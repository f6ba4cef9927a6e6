#include "svsm/kbs/runtime_data.h"

#include "svsm/kbs/json.h"

namespace svsm::kbs {
namespace {

void PutText(JsonWriter& json, const char* name, ByteView text) {
  json.Key(name);
  json.String(text);
}

void PutKey(JsonWriter& json, const TeeKey& key) {
  json.BeginObject();
  PutText(json, "alg", key.alg);
  if (key.type == TeeKey::Type::kRsa) {
    PutText(json, "e", key.e);
    json.Key("kty");
    json.String("RSA");
    PutText(json, "n", key.n);
  } else {
    PutText(json, "crv", key.crv);
    json.Key("kty");
    json.String("EC");
    PutText(json, "x", key.x);
    PutText(json, "y", key.y);
  }
  json.EndObject();
}

}  // namespace

Result<ByteView> EncodeRuntimeData(const RuntimeData& data, ByteSpan out) {
  Bytes<kMaxNonceSize> nonce{};
  SVSM_TRY(DecodeNonce(data.nonce, nonce).status());
  JsonWriter json(out);
  json.BeginObject();
  json.Key("additional-evidence");
  json.Escaped(data.additional_evidence);
  PutText(json, "nonce", data.nonce);
  json.Key("tee-pubkey");
  PutKey(json, data.key);
  json.EndObject();
  return json.Finish();
}

}  // namespace svsm::kbs
