#include "svsm/core/secret.h"

#include <gtest/gtest.h>

#include <new>
#include <type_traits>
#include <utility>

namespace svsm {
namespace {

static_assert(!std::is_copy_constructible_v<Secret<4>> && !std::is_copy_assignable_v<Secret<4>>);

constexpr Bytes<4> kKey = {1, 2, 3, 4};

TEST(Secret, MoveLeavesZerosBehind) {
  Secret<4> a{FixedView<4>(kKey)};
  const Secret<4> b(std::move(a));
  EXPECT_TRUE(IsZero(a.view()));
  EXPECT_TRUE(Equal(b.view(), kKey));
}

TEST(Secret, ComparesByValue) {
  const Secret<4> a{FixedView<4>(kKey)};
  Secret<4> b;
  EXPECT_FALSE(a == b);
  Copy(b.writable(), kKey);
  EXPECT_TRUE(a == b);
}

TEST(Secret, WipesItselfWhenItEnds) {
  alignas(Secret<4>) Bytes<sizeof(Secret<4>)> memory{};
  auto* const secret = ::new (static_cast<void*>(memory.data())) Secret<4>(FixedView<4>(kKey));
  ASSERT_FALSE(IsZero(memory));
  secret->~Secret();
  EXPECT_TRUE(IsZero(memory));
}

}  // namespace
}  // namespace svsm
