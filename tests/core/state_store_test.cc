#include "svsm/core/state_store.h"

#include <gtest/gtest.h>

#include <string>

namespace svsm {
namespace {

TEST(IsStateName, TakesTheNamesTheHeaderAllows) {
  const std::string longest(StateStore::kMaxNameSize, 'a');
  for (const char* name : {"a", "tpm2-00.permall", "0", "-", longest.c_str()}) {
    EXPECT_TRUE(IsStateName(name)) << name;
  }
  const std::string longer(StateStore::kMaxNameSize + 1, 'a');
  for (const char* name : {"", ".", "..", ".a", "A", "a/b", "a_b", longer.c_str()}) {
    EXPECT_FALSE(IsStateName(name)) << name;
  }
}

}  // namespace
}  // namespace svsm
