#include "svsm/crypto/key_wrap.h"

#include <cstdint>

#include "svsm/core/result.h"
#include "svsm/core/secret.h"

namespace svsm::crypto {

namespace {

constexpr std::size_t kHalf = 8;
constexpr Bytes<kHalf> kInitialValue = {0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6};
constexpr std::uint64_t kRounds = 6;

bool GoodSizes(std::size_t key_size, std::size_t wrapped_size) {
  return key_size >= 2 * kHalf && key_size % kHalf == 0 &&
         wrapped_size == key_size + kKeyWrapOverhead;
}

void XorStep(FixedSpan<kHalf> integrity, std::uint64_t step) {
  for (std::size_t i = 0; i < kHalf; ++i) {
    integrity[kHalf - 1 - i] =
        static_cast<std::uint8_t>(integrity[kHalf - 1 - i] ^ (step >> (8 * i)));
  }
}

// RFC 3394, 2.2.1, with the integrity register in the first half of `block`.
Status WrapSteps(BlockCipher& aes, FixedSpan<kAesBlockSize> block, ByteSpan registers) {
  const std::size_t count = registers.size() / kHalf;
  for (std::uint64_t step = 1; step <= kRounds * count; ++step) {
    const ByteSpan current = registers.subspan((step - 1) % count * kHalf, kHalf);
    Copy(block.last<kHalf>(), current);
    SVSM_TRY(aes.EncryptEcb(block, block));
    XorStep(block.first<kHalf>(), step);
    Copy(current, block.last<kHalf>());
  }
  return OkStatus();
}

// RFC 3394, 2.2.2.
Status UnwrapSteps(BlockCipher& aes, FixedSpan<kAesBlockSize> block, ByteSpan registers) {
  const std::size_t count = registers.size() / kHalf;
  for (std::uint64_t step = kRounds * count; step >= 1; --step) {
    const ByteSpan current = registers.subspan((step - 1) % count * kHalf, kHalf);
    XorStep(block.first<kHalf>(), step);
    Copy(block.last<kHalf>(), current);
    SVSM_TRY(aes.DecryptEcb(block, block));
    Copy(current, block.last<kHalf>());
  }
  return OkStatus();
}

}  // namespace

Status WrapKey(BlockCipher& aes, ByteView key, ByteSpan wrapped) {
  Status status(Code::kInvalidArgument, Source::kCrypto);
  if (GoodSizes(key.size(), wrapped.size())) {
    Secret<kAesBlockSize> block;
    Copy(block.writable(), kInitialValue);
    const ByteSpan registers = wrapped.subspan(kHalf);
    Copy(registers, key);
    status = WrapSteps(aes, block.writable(), registers);
    Copy(wrapped, ByteView(block.view()).first(kHalf));
  }
  if (!status.ok()) Wipe(wrapped);
  return status;
}

Status UnwrapKey(BlockCipher& aes, ByteView wrapped, ByteSpan key) {
  Status status(Code::kInvalidArgument, Source::kCrypto);
  if (GoodSizes(key.size(), wrapped.size())) {
    Secret<kAesBlockSize> block;
    Copy(block.writable(), wrapped.first(kHalf));
    Copy(key, wrapped.subspan(kHalf));
    status = UnwrapSteps(aes, block.writable(), key);
    if (status.ok() && !ConstantTimeEqual(ByteView(block.view()).first(kHalf), kInitialValue)) {
      status = Status(Code::kAuthFailed, Source::kCrypto);
    }
  }
  if (!status.ok()) Wipe(key);
  return status;
}

}  // namespace svsm::crypto
