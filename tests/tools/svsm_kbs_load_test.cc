// Many boots at once against one svsm-kbs: every decision right, and no answer late.
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"
#include "tests/broker/live_guest.h"
#include "tests/tools/kbs_process.h"

namespace svsm::testing {
namespace {

using kbs::BindingMode;
using SteadyClock = std::chrono::steady_clock;

constexpr int kBoots = 200;
constexpr int kGuests = 20;  // so each is booted ten times
constexpr double kSlowestMs = 20'000;

class SvsmKbsLoadTest : public KbsProcessTest {
 protected:
  struct Boot {
    std::unique_ptr<LiveGuest> guest;
    std::uint8_t host_data = 0;
    bool good = false;  // or at VMPL 2, which the policy refuses
    double ms = 0;      // of the slowest answer
    bool right = false;
    std::uint64_t number = 0;
  };

  // Makes a request, and notes how long it took.
  template <typename Ask>
  static httplib::Result Timed(Boot& boot, Ask ask) {
    const auto start = SteadyClock::now();
    httplib::Result reply = ask();
    boot.ms = std::max(
        boot.ms, std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count());
    return reply;
  }

  void Run(Boot& boot) {
    httplib::Client client = Client();
    const auto auth = Timed(
        boot, [&] { return client.Post("/kbs/v0/auth", LiveGuest::AuthBody(), "text/json"); });
    if (!auth || auth->status != 200) return;
    const Result<std::string> body = boot.guest->AttestBody(auth->body, BindingMode::kTrustee);
    if (!body.ok()) return;
    const std::string set = auth->get_header_value("Set-Cookie");
    const httplib::Headers cookie = {{"Cookie", set.substr(0, set.find(';'))}};
    const auto attest =
        Timed(boot, [&] { return client.Post("/kbs/v0/attest", cookie, *body, "text/json"); });
    const auto resource = Timed(boot, [&] { return client.Get(kSecret, cookie); });
    if (!attest || !resource) return;
    if (!boot.good) {
      boot.right = attest->status == 401 && resource->status == 401;
      return;
    }
    if (attest->status != 200 || resource->status != 200) return;
    const Result<LiveGuest::Opened> opened = boot.guest->Open(resource->body);
    if (!opened.ok()) return;
    boot.number = opened->boot.value;
    boot.right = opened->plaintext == ToVector(AsBytes("hello"));
  }
};

TEST_F(SvsmKbsLoadTest, DecidesTwoHundredBootsAtOnce) {
  Start();
  PutSecret("hello");
  std::vector<Boot> boots(kBoots);
  for (int i = 0; i < kBoots; ++i) {
    Boot& boot = boots[static_cast<std::size_t>(i)];
    boot.host_data = static_cast<std::uint8_t>(1 + i % kGuests);
    boot.good = i % 5 != 0;
    const crypto::Curve curve = i % 2 == 0 ? crypto::Curve::kP521 : crypto::Curve::kP256;
    boot.guest = std::make_unique<LiveGuest>(curve, rng_, boot.host_data, now_);
    boot.guest->SetVmpl(boot.good ? 0 : 2);
  }
  std::latch begin(kBoots);
  std::vector<std::thread> threads;
  for (Boot& boot : boots) {
    threads.emplace_back([&] {
      begin.arrive_and_wait();
      Run(boot);
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::map<std::uint8_t, std::vector<std::uint64_t>> numbers;
  std::vector<double> times;
  for (const Boot& boot : boots) {
    EXPECT_TRUE(boot.right) << "guest " << int{boot.host_data} << " good " << boot.good;
    if (boot.good) numbers[boot.host_data].push_back(boot.number);
    times.push_back(boot.ms);
  }
  // Each guest's boots were counted, none twice.
  for (auto& [guest, seen] : numbers) {
    std::sort(seen.begin(), seen.end());
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i + 1) << int{guest};
  }
  std::sort(times.begin(), times.end());
  std::printf(
      "load: %d boots at once, slowest answer of a boot: p50 %.0f ms, p99 %.0f ms, all in %.0f "
      "ms\n",
      kBoots, times[kBoots / 2], times[kBoots * 99 / 100], times.back());
  EXPECT_LT(times[kBoots * 99 / 100], kSlowestMs);
  EXPECT_EQ(End(SIGTERM), 0);
}

}  // namespace
}  // namespace svsm::testing
