// svsm/core/strong.h: integers that cannot be swapped by mistake, and the two that several rooms
// share.
//
//   using SlotId = Strong<struct SlotIdTag, std::uint32_t>;
//   void Map(SlotId slot, Gpa gpa);
//   Map(SlotId(3), Gpa(0x8000));      // the other way round does not compile
//
// Profile: freestanding. Allocates: never. Threads: values.
#ifndef SVSM_CORE_STRONG_H_
#define SVSM_CORE_STRONG_H_

#include <compare>
#include <cstdint>

namespace svsm {

template <typename Tag, typename Rep>
class Strong {
 public:
  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  Rep value_ = 0;
};

// A guest physical address, in bytes.
using Gpa = Strong<struct GpaTag, std::uint64_t>;
// A virtual machine privilege level: 0 is the most privileged, 3 the least.
using Vmpl = Strong<struct VmplTag, std::uint32_t>;

inline constexpr std::uint32_t kNumVmpls = 4;
inline constexpr std::uint64_t kPageSize = 4096;
inline constexpr std::uint64_t kLargePageSize = 2 * 1024 * 1024;

}  // namespace svsm

#endif  // SVSM_CORE_STRONG_H_
