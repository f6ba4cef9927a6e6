#include "svsm/broker/page.h"

#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Session Affirmed() {
  Session session;
  session.verdict.at = 1'790'000'000;
  session.verdict.peer = "192.0.2.7:40112";
  session.verdict.affirmed = true;
  session.verdict.mode = kbs::BindingMode::kTrustee;
  session.verdict.measurement.fill(0x11);
  session.vm.fill(0x22);
  session.boot.value = 7;
  return session;
}

Session Refused(const std::string& reasons) {
  Session session;
  session.verdict.at = 1'790'000'100;
  session.verdict.reasons = reasons;
  session.verdict.error_id = "0123abcd";
  return session;
}

TEST(PageTest, SaysThatNothingHappened) {
  const std::string page = RenderPage({.now = 1'790'000'200, .policy_id = "sha256-00"});
  EXPECT_THAT(page, HasSubstr("Nobody has attested yet."));
  EXPECT_THAT(page, HasSubstr("No guest has booted yet."));
  EXPECT_THAT(page, HasSubstr("None is open."));
  EXPECT_THAT(page, HasSubstr(FormatRfc3339(1'790'000'200)));
  EXPECT_THAT(page, HasSubstr("sha256-00"));
  EXPECT_THAT(page, Not(HasSubstr("<table")));
}

TEST(PageTest, ShowsVerdictsGuestsAndRequests) {
  PageData data;
  data.now = 1'790'000'200;
  data.key_ids = {"new-key", "old-key"};
  data.sessions = {Refused("measurement: found 00, wanted 11"), Affirmed()};
  Guest guest;
  guest.vm.fill(0x22);
  guest.boots.value = 7;
  data.guests = {guest};
  BootRequest open;
  open.uses_left = 3;
  open.not_after = data.now + 10;
  BootRequest over;
  over.not_after = data.now - 10;
  data.requests = {open, over};
  const std::string page = RenderPage(data);
  EXPECT_THAT(page,
              HasSubstr("measurement: found 00, wanted 11 <span class=\"dim\">(id 0123abcd)"));
  EXPECT_THAT(page, HasSubstr("<td class=\"affirmed\">affirmed</td>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"refused\">refused</td>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"number\">7</td>"));
  EXPECT_THAT(page, HasSubstr("<td>trustee</td>"));
  EXPECT_THAT(page, HasSubstr("192.0.2.7:40112"));
  EXPECT_THAT(page, HasSubstr("22222222222222222222222222222222"));
  EXPECT_THAT(page, HasSubstr("signed by key <code>new-key</code>"));
  EXPECT_THAT(page, HasSubstr("Still good: key <code>old-key</code>"));
  EXPECT_THAT(page, HasSubstr("(over)"));
  EXPECT_LT(page.find("0123abcd"), page.find("192.0.2.7"));
}

TEST(PageTest, EscapesWhatCameFromOutside) {
  PageData data;
  Session session = Refused("<script>alert('1')</script>&\"\x01\x7F");
  session.verdict.peer = "<img src=x>";
  session.verdict.error_id = "<b>";
  data.sessions = {session};
  data.policy_id = "<i>";
  data.key_ids = {"<u>"};
  const std::string page = RenderPage(data);
  for (const char* tag : {"<script", "<img", "<b>", "<i>", "<u>"}) {
    EXPECT_THAT(page, Not(HasSubstr(tag)));
  }
  EXPECT_THAT(
      page,
      HasSubstr("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;&#xFFFD;&#xFFFD;"));
}

TEST(PageTest, LeavesNothingThatIsNotUtf8) {
  PageData data;
  data.sessions = {
      Refused("a\xC3\xA4"
              "b\xE2\x82\xAC"
              "c\xF0\x9F\x94\x91"
              "d")};
  EXPECT_THAT(RenderPage(data), HasSubstr("a\xC3\xA4"
                                          "b\xE2\x82\xAC"
                                          "c\xF0\x9F\x94\x91"
                                          "d"));
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
        "\xF4\x90\x80\x80", "\xF8\x88\x80\x80", "\xFF", "\xE2\x82"}) {
    data.sessions = {Refused(bad)};
    const std::string page = RenderPage(data);
    EXPECT_THAT(page, HasSubstr("&#xFFFD;"));
    // Only our own "…" is beyond ASCII, and there is none in this page.
    for (const char c : page) ASSERT_LT(static_cast<unsigned char>(c), 0x80) << bad;
  }
}

}  // namespace
}  // namespace svsm::broker
