// What the tests of guest messages need: an AMD-SP written from the specification's offsets alone,
// a host that does as it is told, a clock, and an Aead that keeps a log.
#ifndef SVSM_TESTS_SNP_FAKE_AMD_SP_H_
#define SVSM_TESTS_SNP_FAKE_AMD_SP_H_

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp/guest_message_exchange.h"
#include "svsm/snp/guest_message_transport.h"

namespace svsm::snp::testing {

inline std::uint64_t GetLe(ByteView bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{bytes[offset + i]} << (8 * i);
  return value;
}

inline void SetLe(ByteSpan bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

// Header bytes 20h..5Fh of a message.
inline void FillHeader(ByteSpan page, std::uint8_t vmpck, std::uint64_t seqno, std::uint8_t type,
                       std::uint8_t version, std::size_t payload_bytes) {
  SetLe(page, 0x20, seqno, 8);
  page[0x30] = 1;
  page[0x31] = 1;
  SetLe(page, 0x32, 0x60, 2);
  page[0x34] = type;
  page[0x35] = version;
  SetLe(page, 0x36, payload_bytes, 2);
  page[0x3C] = vmpck;
}

// Encrypts the payload at 60h in place and sets the tag, over the header as it stands.
inline void SealInPlace(const Bytes<32>& key, ByteSpan page, std::size_t payload_bytes) {
  crypto::OpensslAesGcm aead;
  (void)aead.SetKey(key);
  Bytes<12> nonce{};
  Copy(nonce, page.subspan(0x20, 8));
  const ByteVector aad = ToVector(page.subspan(0x30, 48));
  Bytes<16> tag{};
  (void)aead.Seal(nonce, aad, page.subspan(0x60, payload_bytes), page.subspan(0x60, payload_bytes),
                  tag);
  Copy(page, tag);
}

class FakeAmdSp {
 public:
  FakeAmdSp() {
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 32; ++j) keys_[i][j] = static_cast<std::uint8_t>(64 * i + j + 1);
    }
  }
  const Bytes<32>& key(std::size_t vmpck) const { return keys_[vmpck]; }
  std::uint64_t& used(std::size_t vmpck) { return used_[vmpck]; }
  // Another guest: other keys, and counters at zero.
  void Restart() {
    ++guest_;
    for (Bytes<32>& key : keys_) SetLe(key, 0, guest_, 8);
    used_ = {};
  }

  // What a test wants otherwise in the next response, after it is made and before it is sealed.
  std::function<void(ByteVector& payload)> edit_payload;
  std::function<void(ByteSpan page)> edit_header;
  std::size_t handled = 0;

  // The firmware's error, or 0 and a response.
  std::uint32_t Handle(ByteView request, ByteSpan response) {
    const std::uint8_t vmpck = request[0x3C];
    const std::size_t size = GetLe(request, 0x36, 2);
    const std::uint64_t seqno = GetLe(request, 0x20, 8);
    if (vmpck > 3 || size == 0 || size > 4000) return 0x16;
    if (seqno != used_[vmpck] + 1) return 0x18;
    crypto::OpensslAesGcm aead;
    (void)aead.SetKey(keys_[vmpck]);
    Bytes<12> nonce{};
    Copy(nonce, request.subspan(0x20, 8));
    ByteVector payload(size);
    if (!aead.Open(nonce, request.subspan(0x30, 48), request.subspan(0x60, size),
                   FixedView<16>(request.first(16)), payload)
             .ok()) {
      return 0x19;
    }
    ByteVector answer = Answer(request[0x34], vmpck, payload);
    if (edit_payload) std::exchange(edit_payload, nullptr)(answer);
    Fill(response, 0);
    FillHeader(response, vmpck, seqno + 1, static_cast<std::uint8_t>(request[0x34] + 1),
               request[0x35], answer.size());
    Copy(response.subspan(0x60), answer);
    if (edit_header) std::exchange(edit_header, nullptr)(response);
    SealInPlace(keys_[vmpck], response, answer.size());
    used_[vmpck] += 2;
    ++handled;
    return 0;
  }

 private:
  static ByteVector Answer(std::uint8_t type, std::uint8_t vmpck, ByteView request) {
    switch (type) {
      case 1:
        return Cpuid(request);
      case 5:
        return Report(vmpck, request);
      case 17:
        return Tsc();
      default:
        return Key(request);
    }
  }
  // Whatever is asked is right, but for leaf 1, whose EAX is 00A00F11h.
  static ByteVector Cpuid(ByteView request) {
    ByteVector out = ToVector(request);
    SetLe(out, 4, GetLe(request, 0, 4), 4);
    SetLe(out, 0, 0, 4);
    for (std::size_t at = 0x10; at < out.size(); at += 0x30) {
      if (GetLe(out, at, 4) != 1 || GetLe(out, at + 0x18, 4) == 0x00A00F11) continue;
      SetLe(out, at + 0x18, 0x00A00F11, 4);
      SetLe(out, 0, 0x16, 4);
    }
    return out;
  }
  static ByteVector Tsc() {
    ByteVector out(128, 0);
    SetLe(out, 8, 0x1'8000'0000, 8);
    SetLe(out, 0x10, 0xFFFF'FFFF'FFFF'F000, 8);
    SetLe(out, 0x18, 500, 4);
    return out;
  }
  static ByteVector Report(std::uint8_t vmpck, ByteView request) {
    const std::uint64_t vmpl = GetLe(request, 0x40, 4);
    if (request.size() != 96 || vmpl < vmpck) {
      ByteVector refused(32, 0);
      refused[0] = 0x16;
      return refused;
    }
    if (GetLe(request, 0x44, 4) == 2) {  // no VLEK is loaded
      ByteVector refused(32, 0);
      refused[0] = 0x27;
      return refused;
    }
    ByteVector out(32 + 0x4A0, 0);
    SetLe(out, 4, 0x4A0, 4);
    const ByteSpan report = ByteSpan(out).subspan(32);
    SetLe(report, 0, 3, 4);
    SetLe(report, 8, 0x30000, 8);
    SetLe(report, 0x30, vmpl, 4);
    SetLe(report, 0x34, 1, 4);
    Copy(report.subspan(0x50), request.first(64));
    SetLe(report, 0x188, 0x010119, 3);
    return out;
  }
  static ByteVector Key(ByteView request) {
    ByteVector out(64, 0);
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    (void)sha256.Digest(request, ByteSpan(out).subspan(32));
    return out;
  }

  std::uint64_t guest_ = 0;
  std::array<Bytes<32>, 4> keys_{};
  std::array<std::uint64_t, 4> used_{};
};

// What a host does with one guest request.
enum class HostMove {
  kHonest,
  kBusy,            // the AMD-SP does not see the request
  kBusyAfterAll,    // it does, but the host says BUSY and keeps the answer
  kDrop,            // success is claimed, the response page is left as it was
  kReplay,          // success is claimed with the response of an earlier exchange
  kSwap,            // the AMD-SP answers, but another VMPCK's answer comes
  kWrongLength,     // the response's header speaks of one byte less
  kCorrupt,         // a bit of the ciphertext flips on the way back
  kCorruptRequest,  // and one on the way there
  kTruncate,        // the response's second half is missing
  kInvalidLength,   // certificates would need more pages
  kFirmwareError,
  kUnknownVmmError,
  kTransportFailure  // the call itself fails
};

inline constexpr HostMove kAllHostMoves[] = {
    HostMove::kHonest,          HostMove::kBusy,
    HostMove::kBusyAfterAll,    HostMove::kDrop,
    HostMove::kReplay,          HostMove::kSwap,
    HostMove::kWrongLength,     HostMove::kCorrupt,
    HostMove::kCorruptRequest,  HostMove::kTruncate,
    HostMove::kInvalidLength,   HostMove::kFirmwareError,
    HostMove::kUnknownVmmError, HostMove::kTransportFailure};

class FakeHost final : public GuestMessageTransport {
 public:
  explicit FakeHost(FakeAmdSp& sp) : sp_(sp) {}

  std::deque<HostMove> moves;  // honest when it runs out
  std::uint64_t pages_needed = 4;
  ByteVector certificates_given;
  std::vector<ByteVector> requests;  // as they left the guest
  std::vector<std::size_t> certificate_bytes_offered;

  Result<GuestRequestOutcome> Exchange(FixedView<kGuestMessageSize> request,
                                       FixedSpan<kGuestMessageSize> response,
                                       ByteSpan certificates) override {
    requests.push_back(ToVector(request));
    certificate_bytes_offered.push_back(certificates.size());
    HostMove move = HostMove::kHonest;
    if (!moves.empty()) {
      move = moves.front();
      moves.pop_front();
    }
    GuestRequestOutcome outcome;
    switch (move) {
      case HostMove::kBusy:
        outcome.vmm_error = 2;
        return outcome;
      case HostMove::kInvalidLength:
        outcome.vmm_error = 1;
        outcome.certificate_pages_needed = pages_needed;
        return outcome;
      case HostMove::kFirmwareError:
        outcome.firmware_error = 0x27;
        return outcome;
      case HostMove::kUnknownVmmError:
        outcome.vmm_error = 9;
        return outcome;
      case HostMove::kTransportFailure:
        return Status(Code::kIoError, Source::kCaller, 77);
      case HostMove::kDrop:
        return outcome;
      case HostMove::kReplay:
        Copy(response, last_response_);
        return outcome;
      default:
        return Deliver(move, request, response, certificates);
    }
  }

 private:
  Result<GuestRequestOutcome> Deliver(HostMove move, FixedView<kGuestMessageSize> request,
                                      FixedSpan<kGuestMessageSize> response,
                                      ByteSpan certificates) {
    GuestRequestOutcome outcome;
    ByteVector delivered = ToVector(request);
    if (move == HostMove::kCorruptRequest) delivered[0x61] ^= 4;
    Bytes<kGuestMessageSize> answer{};
    outcome.firmware_error = sp_.Handle(delivered, answer);
    if (outcome.firmware_error != 0) return outcome;
    Copy(last_response_, answer);
    if (move == HostMove::kBusyAfterAll) {
      outcome.vmm_error = 2;
      return outcome;
    }
    if (move == HostMove::kCorrupt) answer[0x64] ^= 1;
    if (move == HostMove::kSwap) answer = AnotherVmpcksAnswer(request);
    if (move == HostMove::kWrongLength) SetLe(answer, 0x36, GetLe(answer, 0x36, 2) - 1, 2);
    if (move == HostMove::kTruncate) Fill(ByteSpan(answer).subspan(0x70), 0);
    Copy(response, answer);
    const std::size_t size = certificates.size() < certificates_given.size()
                                 ? certificates.size()
                                 : certificates_given.size();
    Copy(certificates, ByteView(certificates_given).first(size));
    return outcome;
  }

  // As the AMD-SP answers the same payload under VMPCK 3, sequence numbers and all.
  Bytes<kGuestMessageSize> AnotherVmpcksAnswer(FixedView<kGuestMessageSize> request) {
    constexpr std::uint8_t kOther = 3;
    Bytes<kGuestMessageSize> page{};
    const std::uint64_t seqno = GetLe(request, 0x20, 8);
    FillHeader(page, kOther, seqno, request[0x34], request[0x35], 96);
    page[0x60 + 0x40] = kOther;
    SealInPlace(sp_.key(kOther), page, 96);
    sp_.used(kOther) = seqno - 1;
    Bytes<kGuestMessageSize> answer{};
    (void)sp_.Handle(page, answer);
    return answer;
  }

  FakeAmdSp& sp_;
  Bytes<kGuestMessageSize> last_response_{};
};

// Passes on to OpenSSL and remembers what was sealed under which key and nonce.
class SpyAead final : public crypto::Aead {
 public:
  struct Sealed {
    ByteVector aad;
    ByteVector plaintext;
    bool operator==(const Sealed&) const = default;
  };
  // How often a nonce was used for two different messages under one key.
  std::size_t reuses = 0;
  bool fail_set_key = false;
  bool fail_seal = false;
  std::size_t seals = 0;
  std::size_t wipes = 0;

  Status SetKey(ByteView key) override {
    if (fail_set_key) return Status(Code::kInternal, Source::kOpenssl, 3);
    key_ = ToVector(key);
    return inner_.SetKey(key);
  }
  Status Seal(FixedView<12> nonce, ByteView aad, ByteView plaintext, ByteSpan ciphertext,
              FixedSpan<16> tag) override {
    if (fail_seal) {
      Fill(ciphertext, 0);
      Fill(tag, 0);
      return Status(Code::kInternal, Source::kOpenssl, 4);
    }
    ++seals;
    const Sealed sealed{ToVector(aad), ToVector(plaintext)};
    const auto [at, inserted] = log_.try_emplace({key_, ToVector(nonce)}, sealed);
    if (!inserted && !(at->second == sealed)) ++reuses;
    return inner_.Seal(nonce, aad, plaintext, ciphertext, tag);
  }
  Status Open(FixedView<12> nonce, ByteView aad, ByteView ciphertext, FixedView<16> tag,
              ByteSpan plaintext) override {
    return inner_.Open(nonce, aad, ciphertext, tag, plaintext);
  }
  // A guest that is gone takes its keys along.
  void Forget() { log_.clear(); }
  void Wipe() override {
    ++wipes;
    inner_.Wipe();
  }

 private:
  crypto::OpensslAesGcm inner_;
  ByteVector key_;
  std::map<std::pair<ByteVector, ByteVector>, Sealed> log_;
};

inline VmpckHandover HandoverOf(const FakeAmdSp& sp, std::uint8_t vmpck, std::uint64_t used) {
  VmpckHandover handover;
  handover.id = VmpckId(vmpck);
  handover.key = Secret<32>(sp.key(vmpck));
  handover.messages_used = used;
  return handover;
}

}  // namespace svsm::snp::testing

#endif  // SVSM_TESTS_SNP_FAKE_AMD_SP_H_
