// Covers: svsm/snp/guest_message_transport.h
#include "svsm/snp/guest_message_exchange.h"

#include <algorithm>
#include <memory>
#include <string>

#include "svsm/testing/matchers.h"
#include "tests/snp/fake_amd_sp.h"
#include "tests/snp/vector_file.h"

namespace svsm::snp {
namespace {

using snp::testing::FakeAmdSp;
using snp::testing::FindRecord;
using snp::testing::HandoverOf;
using snp::testing::ReadVectorFile;
using snp::testing::SpyAead;
using snp::testing::VectorRecord;
using svsm::testing::IsOk;
using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;
using ::testing::Eq;

constexpr std::uint64_t kNoLimit = UINT64_MAX;

// Requests and responses as the generator made them, for all four VMPCKs.
TEST(GuestMessageExchangeVectorTest, SpeaksAsTheVectors) {
  const auto records = ReadVectorFile("guest_messages.txt");
  for (int i = 0; i < 4; ++i) {
    const std::string suffix = "-" + std::to_string(i);
    SpyAead aead;
    VmpckHandover handover;
    handover.id = VmpckId(static_cast<std::uint8_t>(i));
    handover.messages_used = FindRecord(records, "report-request" + suffix).Number("seqno") - 1;
    Copy(handover.key.writable(), FindRecord(records, "report-request" + suffix).Hex("key"));
    const auto exchange =
        std::make_unique<GuestMessageExchange>(aead, std::move(handover), kNoLimit);
    for (const std::string kind : {"report", "key"}) {
      const VectorRecord request = FindRecord(records, kind + "-request" + suffix);
      const VectorRecord response = FindRecord(records, kind + "-response" + suffix);
      ASSERT_THAT(exchange->Begin(static_cast<MessageType>(request.Number("type")),
                                  static_cast<std::uint8_t>(request.Number("version")),
                                  request.Hex("payload")),
                  IsOk());
      const ByteVector expected = request.Hex("page");
      EXPECT_THAT(ByteView(exchange->request()).first(expected.size()), SameBytes(expected));
      EXPECT_TRUE(IsZero(ByteView(exchange->request()).subspan(expected.size())));
      Fill(exchange->response(), 0);
      Copy(exchange->response(), response.Hex("page"));
      ASSERT_THAT(exchange->Step({}, WithCertificates::kNo), IsOkAnd(Eq(ExchangeStep::kDone)));
      EXPECT_THAT(exchange->payload(), SameBytes(response.Hex("payload")));
    }
    EXPECT_EQ(exchange->messages_used(),
              FindRecord(records, "key-response" + suffix).Number("seqno"));
  }
}

class GuestMessageExchangeTest : public ::testing::Test {
 protected:
  GuestMessageExchangeTest() { Open(0, kNoLimit); }
  void Open(std::uint64_t used, std::uint64_t limit) {
    exchange_ = std::make_unique<GuestMessageExchange>(aead_, HandoverOf(sp_, 1, used), limit);
    sp_.used(1) = used;
  }
  Status Begin(std::uint8_t fill = 1) {
    ByteVector payload(96, 0);
    payload[0] = fill;
    payload[0x40] = 1;  // VMPL
    return exchange_->Begin(MessageType::kReportRequest, 1, payload);
  }
  void Answer() {
    Bytes<kGuestMessageSize> response{};
    EXPECT_EQ(sp_.Handle(exchange_->request(), response), 0u);
    Copy(exchange_->response(), response);
  }
  Result<ExchangeStep> Step(GuestRequestOutcome outcome = {}) {
    return exchange_->Step(outcome, WithCertificates::kNo);
  }
  // After an unclear exchange nothing works any more.
  void ExpectClosed() {
    EXPECT_TRUE(exchange_->closed());
    EXPECT_FALSE(exchange_->pending());
    EXPECT_TRUE(exchange_->payload().empty());
    EXPECT_THAT(Begin(), IsStatus(Code::kFailedPrecondition, Source::kSnp));
    EXPECT_THAT(Step(), IsStatus(Code::kFailedPrecondition, Source::kSnp));
    EXPECT_THAT(exchange_->Release(), IsStatus(Code::kFailedPrecondition, Source::kSnp));
    Bytes<12> nonce{};
    Bytes<16> tag{};
    EXPECT_FALSE(aead_.Seal(nonce, {}, {}, {}, tag).ok());
  }

  FakeAmdSp sp_;
  SpyAead aead_;
  std::unique_ptr<GuestMessageExchange> exchange_;
};

TEST_F(GuestMessageExchangeTest, CountsTwoForEachExchange) {
  for (std::uint64_t i = 0; i < 5; ++i) {
    ASSERT_THAT(Begin(static_cast<std::uint8_t>(i)), IsOk());
    EXPECT_TRUE(exchange_->pending());
    EXPECT_TRUE(exchange_->payload().empty());
    Answer();
    EXPECT_THAT(Step(), IsOkAnd(Eq(ExchangeStep::kDone)));
    EXPECT_EQ(exchange_->messages_used(), 2 * (i + 1));
    EXPECT_EQ(exchange_->payload().size(), 32u + 0x4A0u);
  }
  exchange_->Clear();
  EXPECT_TRUE(exchange_->payload().empty());
  EXPECT_EQ(exchange_->vmpck(), VmpckId(1));
}

TEST_F(GuestMessageExchangeTest, WrongArgumentsUseNothing) {
  const auto refused = IsStatus(Code::kInvalidArgument, Source::kSnp);
  const ByteVector payload(96);
  EXPECT_THAT(exchange_->Begin(MessageType::kReportRequest, 1, {}), refused);
  EXPECT_THAT(exchange_->Begin(MessageType::kReportRequest, 1, ByteVector(4001)), refused);
  EXPECT_THAT(exchange_->Begin(MessageType::kReportResponse, 1, payload), refused);
  EXPECT_THAT(exchange_->Begin(static_cast<MessageType>(19), 1, payload), refused);
  EXPECT_THAT(exchange_->Begin(static_cast<MessageType>(0), 1, payload), refused);
  EXPECT_EQ(aead_.seals, 0u);
  VmpckHandover wrong = HandoverOf(sp_, 1, 0);
  wrong.id = VmpckId(4);
  GuestMessageExchange other(aead_, std::move(wrong), kNoLimit);
  EXPECT_THAT(other.Begin(MessageType::kReportRequest, 1, payload), refused);
}

TEST_F(GuestMessageExchangeTest, BusyKeepsTheCiphertext) {
  ASSERT_THAT(Begin(1), IsOk());
  const ByteVector first = ToVector(exchange_->request());
  GuestRequestOutcome busy;
  busy.vmm_error = 2;
  EXPECT_THAT(Step(busy), IsOkAnd(Eq(ExchangeStep::kBusy)));
  EXPECT_TRUE(exchange_->pending());
  // Another request has to wait; the same one goes on, bit by bit.
  EXPECT_THAT(Begin(2), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(exchange_->Begin(MessageType::kKeyRequest, 1, ByteVector(96, 1)),
              IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(exchange_->Release(), IsStatus(Code::kBusy, Source::kSnp));
  exchange_->Clear();
  ASSERT_THAT(Begin(1), IsOk());
  EXPECT_THAT(ByteView(exchange_->request()), SameBytes(first));
  EXPECT_EQ(aead_.seals, 1u);
  Answer();
  EXPECT_THAT(Step(), IsOkAnd(Eq(ExchangeStep::kDone)));
  EXPECT_THAT(Begin(2), IsOk());
}

TEST_F(GuestMessageExchangeTest, PendingRequestsDifferInVersionToo) {
  ASSERT_THAT(exchange_->Begin(MessageType::kKeyRequest, 1, ByteVector(32)), IsOk());
  EXPECT_THAT(exchange_->Begin(MessageType::kKeyRequest, 2, ByteVector(32)),
              IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(exchange_->Begin(MessageType::kKeyRequest, 1, ByteVector(31)),
              IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(exchange_->Begin(MessageType::kKeyRequest, 1, ByteVector(32)), IsOk());
}

TEST_F(GuestMessageExchangeTest, InvalidLengthIsForExtendedRequestsOnly) {
  GuestRequestOutcome outcome;
  outcome.vmm_error = 1;
  ASSERT_THAT(Begin(), IsOk());
  EXPECT_THAT(exchange_->Step(outcome, WithCertificates::kYes),
              IsOkAnd(Eq(ExchangeStep::kResendPlain)));
  EXPECT_TRUE(exchange_->pending());
  EXPECT_THAT(exchange_->Step(outcome, WithCertificates::kNo),
              IsStatus(Code::kIoError, Source::kSnp, 1));
  ExpectClosed();
}

TEST_F(GuestMessageExchangeTest, FirmwareErrorsClose) {
  ASSERT_THAT(Begin(), IsOk());
  GuestRequestOutcome outcome;
  outcome.firmware_error = 0x27;
  EXPECT_THAT(Step(outcome), IsStatus(Code::kPermissionDenied, Source::kSnp, 0x27));
  ExpectClosed();
}

TEST_F(GuestMessageExchangeTest, UnknownAndMixedHostErrorsClose) {
  for (const auto& [firmware, vmm] :
       {std::pair{0u, 3u}, std::pair{0u, 0xFFFFFFFFu}, std::pair{5u, 1u}, std::pair{5u, 2u}}) {
    Open(0, kNoLimit);
    ASSERT_THAT(Begin(), IsOk());
    GuestRequestOutcome outcome;
    outcome.firmware_error = firmware;
    outcome.vmm_error = vmm;
    EXPECT_THAT(exchange_->Step(outcome, WithCertificates::kYes),
                IsStatus(Code::kIoError, Source::kSnp, vmm));
    ExpectClosed();
  }
}

TEST_F(GuestMessageExchangeTest, ABadTagCloses) {
  ASSERT_THAT(Begin(), IsOk());
  Answer();
  exchange_->response()[0x60] ^= 1;
  EXPECT_THAT(Step(), IsStatus(Code::kAuthFailed, Source::kSnp));
  ExpectClosed();
}

TEST_F(GuestMessageExchangeTest, AnEmptyResponsePageCloses) {
  ASSERT_THAT(Begin(), IsOk());
  Fill(exchange_->response(), 0);
  EXPECT_THAT(Step(), IsStatus(Code::kMalformed, Source::kSnp, 0x30));
  ExpectClosed();
}

// Each field is wrong in an authentic response, sealed by the AMD-SP itself.
TEST_F(GuestMessageExchangeTest, EveryFieldOfTheResponseIsChecked) {
  struct Wrong {
    std::size_t at;
    std::uint8_t value;
    std::uint32_t detail;
  };
  for (const Wrong& wrong :
       {Wrong{0x20, 1, 0x20}, Wrong{0x20, 3, 0x20}, Wrong{0x27, 1, 0x20}, Wrong{0x28, 1, 0x28},
        Wrong{0x30, 2, 0x30}, Wrong{0x31, 2, 0x31}, Wrong{0x32, 0x61, 0x32}, Wrong{0x34, 5, 0x34},
        Wrong{0x34, 4, 0x34}, Wrong{0x35, 0, 0x35}, Wrong{0x35, 2, 0x35}, Wrong{0x37, 0x10, 0x36},
        Wrong{0x38, 1, 0x38}, Wrong{0x3C, 0, 0x3C}, Wrong{0x3C, 9, 0x3C}, Wrong{0x5F, 1, 0x3D}}) {
    Open(0, kNoLimit);
    ASSERT_THAT(Begin(), IsOk());
    sp_.edit_header = [&wrong](ByteSpan page) { page[wrong.at] = wrong.value; };
    Answer();
    EXPECT_THAT(Step(), IsStatus(Code::kMalformed, Source::kSnp, wrong.detail)) << wrong.at;
    ExpectClosed();
  }
}

TEST_F(GuestMessageExchangeTest, ARequestReflectedIsNoResponse) {
  ASSERT_THAT(Begin(), IsOk());
  Copy(exchange_->response(), exchange_->request());
  EXPECT_THAT(Step(), IsStatus(Code::kMalformed, Source::kSnp, 0x20));
  ExpectClosed();
}

TEST_F(GuestMessageExchangeTest, AnOldResponseIsNoResponse) {
  ASSERT_THAT(Begin(1), IsOk());
  Answer();
  const ByteVector old = ToVector(exchange_->response());
  ASSERT_THAT(Step(), IsOk());
  ASSERT_THAT(Begin(1), IsOk());
  Copy(exchange_->response(), old);
  EXPECT_THAT(Step(), IsStatus(Code::kMalformed, Source::kSnp, 0x20));
  ExpectClosed();
}

TEST_F(GuestMessageExchangeTest, AbortCloses) {
  ASSERT_THAT(Begin(), IsOk());
  exchange_->Abort();
  ExpectClosed();
}

TEST_F(GuestMessageExchangeTest, NothingPendingIsNoStep) {
  EXPECT_THAT(Step(), IsStatus(Code::kFailedPrecondition, Source::kSnp));
  EXPECT_FALSE(exchange_->closed());
}

TEST_F(GuestMessageExchangeTest, NumbersRunOutBeforeTheyRepeat) {
  Open(UINT64_MAX - 2, kNoLimit);
  ASSERT_THAT(Begin(1), IsOk());  // uses MAX-1 and MAX
  Answer();
  ASSERT_THAT(Step(), IsOk());
  EXPECT_EQ(exchange_->messages_used(), UINT64_MAX);
  EXPECT_THAT(Begin(2), IsStatus(Code::kExhausted, Source::kSnp));
  SVSM_ASSERT_OK_AND_ASSIGN(const VmpckHandover handover, exchange_->Release());
  EXPECT_EQ(handover.messages_used, UINT64_MAX);

  for (const std::uint64_t used : {UINT64_MAX - 1, UINT64_MAX}) {
    Open(used, kNoLimit);
    EXPECT_THAT(Begin(), IsStatus(Code::kExhausted, Source::kSnp));
  }
  EXPECT_EQ(aead_.seals, 1u);
}

TEST_F(GuestMessageExchangeTest, ALimitOfThirtyTwoBitsIsKept) {
  Open(0xFFFFFFFD, 0xFFFFFFFF);
  ASSERT_THAT(Begin(), IsOk());
  Open(0xFFFFFFFE, 0xFFFFFFFF);
  EXPECT_THAT(Begin(), IsStatus(Code::kExhausted, Source::kSnp));
  Open(0, 1);
  EXPECT_THAT(Begin(), IsStatus(Code::kExhausted, Source::kSnp));
  Open(0, 2);
  EXPECT_THAT(Begin(), IsOk());
}

TEST_F(GuestMessageExchangeTest, ReleaseHandsTheKeyOn) {
  ASSERT_THAT(Begin(1), IsOk());
  Answer();
  ASSERT_THAT(Step(), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(VmpckHandover handover, exchange_->Release());
  EXPECT_EQ(handover.messages_used, 2u);
  EXPECT_EQ(handover.id, VmpckId(1));
  EXPECT_TRUE(handover.key == Secret<32>(sp_.key(1)));
  ExpectClosed();
  exchange_ = std::make_unique<GuestMessageExchange>(aead_, std::move(handover), kNoLimit);
  ASSERT_THAT(Begin(2), IsOk());
  Answer();
  EXPECT_THAT(Step(), IsOkAnd(Eq(ExchangeStep::kDone)));
  EXPECT_EQ(aead_.reuses, 0u);
}

// Looks into the object itself, as a core dump would.
TEST_F(GuestMessageExchangeTest, SecretsDoNotStayInTheObject) {
  const auto holds = [this](ByteView secret) {
    const ByteView object(
        static_cast<const std::uint8_t*>(static_cast<const void*>(exchange_.get())),
        sizeof(GuestMessageExchange));
    return std::search(object.begin(), object.end(), secret.begin(), secret.end()) != object.end();
  };
  const auto answer_key_request = [this] {
    EXPECT_THAT(exchange_->Begin(MessageType::kKeyRequest, 1, ByteVector(32, 5)), IsOk());
    Answer();
    EXPECT_THAT(Step(), IsOkAnd(Eq(ExchangeStep::kDone)));
    return ToVector(exchange_->payload().subspan(32));
  };
  ByteVector derived = answer_key_request();
  EXPECT_TRUE(holds(derived));
  EXPECT_TRUE(holds(sp_.key(1)));
  exchange_->Clear();
  EXPECT_FALSE(holds(derived));
  derived = answer_key_request();
  exchange_->Close();
  EXPECT_FALSE(holds(derived));
  EXPECT_FALSE(holds(sp_.key(1)));

  Open(0, kNoLimit);
  EXPECT_TRUE(holds(sp_.key(1)));
  SVSM_ASSERT_OK_AND_ASSIGN(const VmpckHandover handover, exchange_->Release());
  EXPECT_FALSE(holds(sp_.key(1)));

  // Begin() drops what the last response said.
  Open(0, kNoLimit);
  derived = answer_key_request();
  ASSERT_THAT(Begin(), IsOk());
  EXPECT_FALSE(holds(derived));
}

TEST_F(GuestMessageExchangeTest, AnAeadThatFails) {
  aead_.fail_set_key = true;
  EXPECT_THAT(Begin(), IsStatus(Code::kInternal, Source::kOpenssl, 3));
  EXPECT_FALSE(exchange_->closed());
  aead_.fail_set_key = false;
  aead_.fail_seal = true;
  EXPECT_THAT(Begin(), IsStatus(Code::kInternal, Source::kOpenssl, 4));
  ExpectClosed();
}

}  // namespace
}  // namespace svsm::snp
