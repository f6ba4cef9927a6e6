#include "broker/admin_json.h"

#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using ::testing::Eq;
using testing::IsOkAnd;
using testing::IsStatus;

const auto kMalformed = IsStatus(Code::kMalformed, Source::kBroker);

std::string Repeated(const char* text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

Session SessionOf(bool affirmed) {
  Session session;
  Verdict& verdict = session.verdict;
  Fill(verdict.session, 0x01);
  verdict.at = 5;
  verdict.peer = "192.0.2.7:1";
  verdict.affirmed = affirmed;
  verdict.mode = kbs::BindingMode::kProxyCompatible;
  Fill(verdict.measurement, 0x02);
  Fill(verdict.host_data, 0x03);
  Fill(verdict.chip_id, 0x04);
  Fill(verdict.report_digest, 0x05);
  if (affirmed) {
    Fill(session.vm, 0x06);
    session.boot = {7};
  } else {
    verdict.reasons = "vmpl: found \"2\"";
    verdict.error_id = "id";
  }
  return session;
}

std::string TextOf(const std::string& verdict, const std::string& rest) {
  return R"({"session":")" + Repeated("01", 16) + R"(","at":5,"peer":"192.0.2.7:1",)" + verdict +
         R"(,"binding":"proxy","measurement":")" + Repeated("02", 48) + R"(","host_data":")" +
         Repeated("03", 32) + R"(","chip_id":")" + Repeated("04", 64) + R"(","report_sha384":")" +
         Repeated("05", 48) + "\"" + rest + "}";
}

TEST(AdminJsonTest, ListsNamesInAsciiWhateverTheyHold) {
  EXPECT_EQ(ToJson(std::vector<std::string>()), "[]");
  EXPECT_EQ(ToJson(std::vector<std::string>{"a/b/c", "\"\xc3\xa4\xff\n"}),
            R"(["a/b/c","\"\u00e4\ufffd\n"])");
}

TEST(AdminJsonTest, ListsGuests) {
  Guest guest;
  Fill(guest.vm, 0xab);
  guest.boots = {3};
  guest.last_at = 1790000000;
  EXPECT_EQ(ToJson(std::vector{guest}),
            R"([{"vm":")" + Repeated("ab", 16) + R"(","boots":3,"last_at":1790000000}])");
}

TEST(AdminJsonTest, ListsVerdictsWithTheBootThatTheyBegan) {
  EXPECT_EQ(ToJson(std::vector{SessionOf(true), SessionOf(false)}),
            "[" +
                TextOf(R"("affirmed":true,"reasons":"","error_id":"")",
                       R"(,"vm":")" + Repeated("06", 16) + R"(","boot":7)") +
                "," +
                TextOf(R"("affirmed":false,"reasons":"vmpl: found \"2\"","error_id":"id")", "") +
                "]");
}

TEST(AdminJsonTest, ListsBootRequestsAndSecrets) {
  BootRequest request;
  Fill(request.id, 0x0a);
  Fill(request.vm, 0x0b);
  request.uses_left = 4294967295;
  request.not_after = 9;
  const std::string text = R"({"id":")" + Repeated("0a", 16) + R"(","vm":")" + Repeated("0b", 16) +
                           R"(","uses_left":4294967295,"not_after":9)";
  EXPECT_EQ(ToJson(std::vector{request}), "[" + text + "}]");
  EXPECT_EQ(ToJson(request, Bytes<32>{}), text + R"(,"host_data":")" + Repeated("00", 32) + "\"}");
  IssuedSecret secret;
  secret.resource = "a/b/c";
  secret.at = 8;
  EXPECT_EQ(ToJson(std::vector{secret}), R"([{"session":")" + Repeated("00", 16) +
                                             R"(","resource":"a/b/c","reply_sha384":")" +
                                             Repeated("00", 48) + R"(","at":8}])");
}

TEST(AdminJsonTest, BindingsHaveNames) {
  EXPECT_STREQ(BindingName(kbs::BindingMode::kOwn), "own");
  EXPECT_STREQ(BindingName(kbs::BindingMode::kProxyCompatible), "proxy");
  EXPECT_STREQ(BindingName(kbs::BindingMode::kTrustee), "trustee");
}

TEST(AdminJsonTest, ReadsABootOrder) {
  for (const char* text : {"", "{}"}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const BootOrder order, ParseBootOrder(AsBytes(text)));
    EXPECT_EQ(order.vm, std::nullopt);
    EXPECT_EQ(order.uses, 1u);
    EXPECT_EQ(order.seconds, 3600);
  }
  SVSM_ASSERT_OK_AND_ASSIGN(
      const BootOrder order,
      ParseBootOrder(AsBytes(R"({"vm":"000102030405060708090a0b0c0d0e0f","uses":1000000,)"
                             R"("seconds":316224000})")));
  ASSERT_TRUE(order.vm.has_value());
  EXPECT_EQ((*order.vm)[15], 0x0f);
  EXPECT_EQ(order.uses, 1000000u);
  EXPECT_EQ(order.seconds, 316224000);
}

TEST(AdminJsonTest, RefusesOtherOrders) {
  for (const char* text :
       {"[]", "{", "{}{}", R"({"uses":0})", R"({"uses":1000001})", R"({"seconds":0})",
        R"({"seconds":316224001})", R"({"seconds":-1})", R"({"vm":"00"})", R"({"vm":1})",
        R"({"vm":"zz0102030405060708090a0b0c0d0e0f"})", R"({"more":1})",
        R"({"uses":1,"uses":1})"}) {
    EXPECT_THAT(ParseBootOrder(AsBytes(text)), kMalformed) << text;
  }
}

TEST(AdminJsonTest, ReadsAnOverlap) {
  EXPECT_THAT(ParseOverlap(AsBytes(R"({"overlap_seconds":0})")), IsOkAnd(Eq(0)));
  EXPECT_THAT(ParseOverlap(AsBytes(R"({"overlap_seconds":316224000})")), IsOkAnd(Eq(316224000)));
  for (const char* text : {"", "{}", R"({"overlap_seconds":316224001})",
                           R"({"overlap_seconds":-1})", R"({"overlap_seconds":1,"more":1})"}) {
    EXPECT_THAT(ParseOverlap(AsBytes(text)), kMalformed) << text;
  }
}

}  // namespace
}  // namespace svsm::broker
