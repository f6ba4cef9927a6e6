#include "svsm/crypto/drbg.h"

#include "svsm/core/result.h"

namespace svsm::crypto {

namespace {

std::size_t TotalSize(std::span<const ByteView> inputs) {
  std::size_t total = 0;
  for (const ByteView input : inputs) total += input.size();
  return total;
}

constexpr Status Invalid(std::size_t detail) {
  return Status(Code::kInvalidArgument, Source::kCrypto, static_cast<std::uint32_t>(detail));
}

}  // namespace

std::size_t Drbg::MinSeedSize() const { return hmac_.algorithm() == HashAlg::kSha1 ? 24 : 48; }

void Drbg::Wipe() {
  key_.wipe();
  value_.wipe();
  requests_left_ = 0;
  seeded_ = false;
  hmac_.Wipe();
}

// K = HMAC(K, V || separator || inputs); V = HMAC(K, V). `hmac_` has K before and after it.
Status Drbg::UpdateRound(std::uint8_t separator, std::span<const ByteView> inputs) {
  ByteView parts[2 + kMaxInputs];
  parts[0] = Value();
  parts[1] = ByteView(&separator, 1);
  for (std::size_t i = 0; i < inputs.size(); ++i) parts[2 + i] = inputs[i];
  SVSM_TRY(hmac_.Compute(std::span<const ByteView>(parts, 2 + inputs.size()), Key()));
  SVSM_TRY(hmac_.SetKey(Key()));
  return hmac_.Compute(Value(), Value());
}

Status Drbg::Update(std::span<const ByteView> inputs) {
  SVSM_TRY(UpdateRound(0, inputs));
  if (TotalSize(inputs) == 0) return OkStatus();
  return UpdateRound(1, inputs);
}

Status Drbg::Seed(std::span<const ByteView> inputs) {
  Wipe();
  if (TotalSize(inputs) < MinSeedSize()) return Invalid(MinSeedSize());
  if (inputs.size() > kMaxInputs) return Invalid(0);
  Fill(Key(), 0);
  Fill(Value(), 1);
  Status status = hmac_.SetKey(Key());
  if (status.ok()) status = Update(inputs);
  if (!status.ok()) {
    Wipe();
    return status;
  }
  requests_left_ = max_requests_;
  seeded_ = true;
  return OkStatus();
}

Status Drbg::Reseed(std::span<const ByteView> inputs) {
  if (!seeded_) return Status(Code::kFailedPrecondition, Source::kCrypto);
  if (TotalSize(inputs) == 0 || inputs.size() > kMaxInputs) return Invalid(0);
  if (const Status status = Update(inputs); !status.ok()) {
    Wipe();
    return status;
  }
  requests_left_ = max_requests_;
  return OkStatus();
}

Status Drbg::GeneratePiece(std::span<const ByteView> additional, ByteSpan out) {
  if (TotalSize(additional) != 0) SVSM_TRY(Update(additional));
  while (!out.empty()) {
    SVSM_TRY(hmac_.Compute(Value(), Value()));
    const std::size_t size = out.size() < Value().size() ? out.size() : Value().size();
    Copy(out, Value().first(size));
    out = out.subspan(size);
  }
  return Update(additional);
}

Status Drbg::Generate(std::span<const ByteView> additional, ByteSpan out) {
  Status status;
  ByteSpan rest = out;
  if (!seeded_) {
    status = Status(Code::kFailedPrecondition, Source::kCrypto);
  } else if (additional.size() > kMaxInputs) {
    status = Invalid(0);
  }
  while (status.ok() && !rest.empty()) {
    if (requests_left_ == 0) {
      status = Status(Code::kExhausted, Source::kCrypto);
      break;
    }
    --requests_left_;
    const std::size_t size = rest.size() < kMaxRequestSize ? rest.size() : kMaxRequestSize;
    status = GeneratePiece(additional, rest.first(size));
    if (!status.ok()) Wipe();
    rest = rest.subspan(size);
  }
  if (!status.ok()) svsm::Wipe(out);
  return status;
}

Status Drbg::Generate(ByteSpan out) { return Generate(std::span<const ByteView>(), out); }

}  // namespace svsm::crypto
