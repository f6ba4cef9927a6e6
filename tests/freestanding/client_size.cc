// The key broker client alone, with the cryptography that it uses: how much stack a boot takes. How
// much code that is, the linker knows.
#include "svsm/kbs/client.h"
#include "tests/freestanding/answers.h"

namespace svsm::answers {

void Run_kbs(Tally& tally);
void RunAll(Tally& tally);

namespace {

constexpr std::size_t kPainted = 128 * 1024;
constexpr unsigned char kPaint = 0x5A;

// Bytes of stack below this frame that `Run_kbs` has touched.
[[gnu::noinline]] std::size_t StackOfBoot(Tally& tally) {
  // What this function itself may still push.
  constexpr std::size_t kOwn = 512;
  auto* const top = static_cast<volatile unsigned char*>(__builtin_frame_address(0)) - kOwn;
  for (std::size_t i = 1; i <= kPainted; ++i) *(top - i) = kPaint;
  Run_kbs(tally);
  std::size_t untouched = kPainted;
  while (untouched > 0 && *(top - untouched) == kPaint) --untouched;
  return untouched + kOwn;
}

}  // namespace

void RunAll(Tally& tally) {
  const std::size_t stack = StackOfBoot(tally);
  Print("stack ");
  Print(static_cast<unsigned>(stack));
  Print(" object ");
  Print(static_cast<unsigned>(sizeof(kbs::Client)));
  Print(" workspace ");
  Print(static_cast<unsigned>(kbs::kClientWorkspaceSize));
  Print("\n");
}

}  // namespace svsm::answers
