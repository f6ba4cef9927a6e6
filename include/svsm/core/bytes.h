// svsm/core/bytes.h: views of bytes and the few things that are done to them.
//
//   constexpr Bytes<4> kMagic = Ascii("SVSM");
//   if (!Equal(header.first(4), kMagic)) return Status(Code::kMalformed, Source::kCore);
//   Copy(out, header.subspan(4));
//
// Bytes are std::uint8_t, as the C libraries below us speak. Views are borrowed for the call unless
// a header says longer.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_CORE_BYTES_H_
#define SVSM_CORE_BYTES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace svsm {

using ByteView = std::span<const std::uint8_t>;
using ByteSpan = std::span<std::uint8_t>;
template <std::size_t N>
using FixedView = std::span<const std::uint8_t, N>;
template <std::size_t N>
using FixedSpan = std::span<std::uint8_t, N>;
template <std::size_t N>
using Bytes = std::array<std::uint8_t, N>;

// Copies `from` to the start of `to`. The ranges may overlap. Panics if `to` is shorter than
// `from`.
void Copy(ByteSpan to, ByteView from);

// Sets every byte.
void Fill(ByteSpan to, std::uint8_t value);

// Whether lengths and bytes are equal. Not for secrets: its time depends on the bytes.
bool Equal(ByteView a, ByteView b);

// Whether lengths and bytes are equal, in time that depends on the lengths alone.
bool ConstantTimeEqual(ByteView a, ByteView b);

// Whether every byte is zero, in time that depends on the length alone. True for an empty view.
bool IsZero(ByteView bytes);

// Overwrites with zeros in a way that the compiler may not leave out.
void Wipe(ByteSpan bytes);

// The bytes of a string literal, without its NUL: for labels and magic words.
template <std::size_t N>
constexpr Bytes<N - 1> Ascii(const char (&text)[N]) {
  Bytes<N - 1> out{};
  for (std::size_t i = 0; i + 1 < N; ++i) out[i] = static_cast<std::uint8_t>(text[i]);
  return out;
}

}  // namespace svsm

#endif  // SVSM_CORE_BYTES_H_
