// vectors.bin, put into the program as it is; the build defines SVSM_KAT_FILE.
#include "tests/crypto/kat/kat_runner.h"

asm("  .pushsection .rodata.svsm_kat, \"a\", @progbits\n"
    "  .globl svsm_kat_begin\n"
    "  .globl svsm_kat_end\n"
    "svsm_kat_begin:\n"
    "  .incbin \"" SVSM_KAT_FILE
    "\"\n"
    "svsm_kat_end:\n"
    "  .popsection\n");

extern "C" const std::uint8_t svsm_kat_begin[];
extern "C" const std::uint8_t svsm_kat_end[];

namespace svsm::crypto::kat {

ByteView Vectors() { return ByteView(svsm_kat_begin, svsm_kat_end); }

}  // namespace svsm::crypto::kat
