#!/usr/bin/env python3
"""Makes core.json, attestation.json, vtpm.json, apic.json and uefi_mm.json: calls to an SVSM and what must come back. README.md, one folder up,
says how a case is written down."""
import pathlib
import struct
import sys
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import stream, write  # noqa: E402

SUCCESS = 0
NO_PROTOCOL, NO_CALL, ADDRESS, FORMAT, PARAMETER, REQUEST = (hex(0x80000001 + i) for i in range(6))
MISMATCH, UNCHANGED = "0x80001006", "0x80001010"

VTPM = uuid.UUID("c476f1eb-0123-45a5-9641-b4e7dde5bfe3")
NOBODY = uuid.UUID("63849ebb-3d92-4670-a1ff-58f9c94b87bb")


def at(place, offset=0):
    return place if offset == 0 else f"{place}+{offset:#x}"


def put(place, data):
    return {"at": place, "bytes": data.hex()}


def number(size, place, value):
    return {"at": place, f"u{8 * size}": value if isinstance(value, str) else hex(value)}


def step(protocol, call, result, write=(), memory=(), checks=(), save=None, pending=1, vmsa=None, area=None, out=None,
         **arguments):
    """One call: its arguments RCX, RDX, R8, R9, its result code, and the registers of `out`."""
    made = {"rax": hex(protocol << 32 | call)}
    made.update({name: value if isinstance(value, str) else hex(value) for name, value in arguments.items()})
    if pending != 1:
        made["pending"] = pending
    if vmsa:
        made.update(vmsa=vmsa, area=area)
    result = [result] if not isinstance(result, (list, tuple)) else result
    expect = {"rax": [value if isinstance(value, str) else hex(value) for value in result]}
    expect.update(out or {})
    for name, value in (("memory", memory), ("checks", checks), ("save", save)):
        if value:
            expect[name] = list(value) if name != "save" else value
    return {**({"write": list(write)} if write else {}), "call": made, "expect": expect}


class Cases:
    def __init__(self, prefix, needs=()):
        self.prefix, self.needs, self.cases = prefix, list(needs), []

    def add(self, name, *steps, level="must", needs=(), not_offered=()):
        case = {"name": f"{self.prefix}/{name}"}
        if level != "must":
            case["level"] = level
        wanted = self.needs + list(needs)
        if wanted:
            case["needs"] = wanted
        if not_offered:
            case["not_offered"] = list(not_offered)
        case["steps"] = list(steps)
        self.cases.append(case)


# ---- core ----

QUERY = 6
CORE_1 = {"version_range": {"value": "answer", "contains": 1}}


def query(vmsa=None, area=None):
    """A call that has nothing to do with the case, but must still work."""
    return step(0, QUERY, SUCCESS, rcx=1, save={"rcx": "answer"}, checks=[CORE_1], vmsa=vmsa, area=area)


def add_query(cases):
    cases.add("query-protocol/core", query())
    for name, rcx in [("core-version-0", 0), ("core-version-ffffffff", 0xFFFFFFFF),
                      ("unknown-protocol", 0x7FFF0000 << 32 | 1)]:
        cases.add(f"query-protocol/{name}", step(0, QUERY, SUCCESS, rcx=rcx, out={"rcx": "0x0"}))
    for name, protocol in [("attestation", 1), ("vtpm", 2)]:
        cases.add(f"query-protocol/{name}",
                  step(0, QUERY, SUCCESS, rcx=protocol << 32 | 1, save={"rcx": "answer"}, checks=[CORE_1]),
                  needs=[{"protocol": protocol, "version": 1}])
    cases.add("unknown-call", step(0, 0xFFFF, NO_CALL), query())
    cases.add("unknown-protocol", step(0x7FFF0000, 0, NO_PROTOCOL), query())
    cases.add("call-pending/0-is-no-call", step(0, QUERY, "0x6", pending=0, rcx=1, out={"rcx": "0x1"}), query())
    cases.add("call-pending/2-is-refused", step(0, QUERY, FORMAT, pending=2, rcx=1), query(), level="should")


def add_remap(cases):
    remap = 0
    cases.add("remap-ca/moves", step(0, remap, SUCCESS, write=[put("free", b"\xFF" * 16)], rcx="free",
                                     memory=[put("free", b"\x00"), put(at("free", 8), b"\xFF" * 8)]), query("vmsa", "free"))
    cases.add("remap-ca/moves-back", step(0, remap, SUCCESS, rcx="free"),
              step(0, remap, SUCCESS, rcx="area", vmsa="vmsa", area="free"), query())
    cases.add("remap-ca/same-page", step(0, remap, SUCCESS, rcx="area"), query())
    for name, result, rcx in [("unaligned", PARAMETER, at("free", 8)), ("svsm", ADDRESS, "svsm"),
                              ("vmsa", ADDRESS, "vmsa"), ("hole", ADDRESS, "hole")]:
        cases.add(f"remap-ca/{name}", step(0, remap, result, rcx=rcx), query())
    cases.add("remap-ca/area-of-another-vcpu", *created(), step(0, remap, ADDRESS, rcx=AREA1), query())


def page_list(entries, next_entry=0, where="free"):
    """The list of PVALIDATE and DEPOSIT_MEM."""
    rows = [put(where, struct.pack("<HHI", len(entries), next_entry, 0))]
    return rows + [number(8, at(where, 8 + 8 * i), entry) for i, entry in enumerate(entries)]


def done(count, where="free"):
    return number(2, at(where, 2), count)


A, B, C = (at("free", 0x1000 * n) for n in (1, 2, 3))
VALID, IGNORE, SPLIT, LARGE = "+0x4", "+0x8", "+0x10", "+0x1"


def listed(call, result, entries, finished, start=0, write=(), memory=(), rcx="free", **more):
    return step(0, call, result, write=page_list(entries, start) + list(write), rcx=rcx,
                memory=[done(finished)] + list(memory), **more)


def access(place, yes):
    return {"at": place, "access": yes}


def add_pvalidate(cases):
    def add(name, *steps, **more):
        cases.add(f"pvalidate/{name}", *steps, **more)

    def one(*arguments, **more):
        return listed(1, *arguments, **more)

    mark = put(A, b"\xAA" * 16)
    zero = {"at": A, "zero": 0x1000}
    take = one(SUCCESS, [A], 1, write=[mark], memory=[access(A, False)])
    add("invalidates", take)
    add("validated-page-is-zero", take, one(SUCCESS, [A + VALID], 1, memory=[access(A, True), zero]))
    add("three-entries", one(SUCCESS, [A, B, C], 3, memory=[access(p, False) for p in (A, B, C)]),
        one(SUCCESS, [A + VALID, B + VALID, C + VALID], 3, memory=[access(p, True) for p in (A, B, C)]))
    add("starts-at-next", one(SUCCESS, ["0xff2", A], 2, start=1, memory=[access(A, False)]))
    add("valid-already", one(UNCHANGED, [A + VALID], 0, write=[mark], memory=[mark]))
    add("valid-already-ignored", one(SUCCESS, [A + VALID + IGNORE], 1))
    add("invalid-already", take, one(UNCHANGED, [A], 0))
    add("invalid-already-ignored", take, one(SUCCESS, [A + IGNORE], 1))
    add("stops-at-the-failure", one(UNCHANGED, [A, B + VALID, C], 1, memory=[access(A, False), access(C, True)]))
    for bit in range(5, 12):
        add(f"reserved-bit-{bit}", one(PARAMETER, [f"{A}+{1 << bit:#x}"], 0, memory=[access(A, True)]))
    add("reserved-bit-4-in-version-1", one(PARAMETER, [A + SPLIT], 0), needs=[{"protocol": 0, "without_version": 2}])
    for size in (2, 3):
        add(f"size-{size}", one(PARAMETER, [f"{A}+{size:#x}"], 0))
    add("reserved-bit-behind-a-good-entry", one(PARAMETER, [A, B + "+0x20"], 1, memory=[access(A, False)]))
    add("large-unaligned", one(PARAMETER, [A + LARGE], 0))
    for place in ("svsm", "hole", "vmsa", "area"):
        add(f"page-is-{place}", one(ADDRESS, [place], 0), query())
        add(f"page-is-{place}-to-validate", one(ADDRESS, [place + VALID], 0), query())
    add("page-is-the-list", one(ADDRESS, ["free"], 0))
    add("no-entries", one(PARAMETER, [], 0))
    add("next-is-entries", one(PARAMETER, [A], 1, start=1))
    add("next-above-entries", one(PARAMETER, [A], 2, start=2))
    add("list-unaligned", step(0, 1, PARAMETER, rcx=at("free", 4)))
    add("list-leaves-its-page", step(0, 1, PARAMETER, write=page_list([], where=at("free", 0xFF8)) +
                                     [put(at("free", 0xFF8), struct.pack("<HHI", 1, 0, 0))], rcx=at("free", 0xFF8)))
    add("list-ends-with-its-page", step(0, 1, SUCCESS, write=page_list([A], where=at("free", 0xFF0)),
                                        rcx=at("free", 0xFF0), memory=[access(A, False)]))
    for place in ("svsm", "hole", "vmsa"):
        add(f"list-in-{place}", step(0, 1, ADDRESS, rcx=place), query())
    add("list-in-an-invalid-page", take, step(0, 1, ADDRESS, rcx=A))
    add("list-of-511-entries", one(SUCCESS, [A + VALID + IGNORE] * 511, 511))
    add("large-page", one(SUCCESS, ["large" + LARGE], 1, write=[put(at("large", 0x1FFFF0), b"\xAA" * 16)],
                          memory=[access("large", False), access(at("large", 0x1FF000), False)]),
        one(SUCCESS, ["large" + LARGE + VALID], 1,
            memory=[{"at": "large", "zero": 16}, {"at": at("large", 0x1FFFF0), "zero": 16}]))
    add("large-page-held-as-small", one(MISMATCH, ["split" + LARGE], 0, memory=[access("split", True)]))
    add("large-page-held-as-small-is-split",
        one(SUCCESS, ["split" + LARGE + SPLIT], 1,
            memory=[access("split", False), access(at("split", 0x1FF000), False)]),
        needs=[{"protocol": 0, "version": 2}])


VMSA1, AREA1 = at("free", 0x4000), at("free", 0x5000)


def vmsa(vmpl="vmpl", efer="efer", features="features", where=VMSA1):
    return [number(1, at(where, 0xCA), vmpl), number(8, at(where, 0xD0), efer), number(8, at(where, 0x3B0), features)]


def create(result, fields=None, memory=(), rcx=VMSA1, rdx=AREA1, r8=1):
    return step(0, 2, result, write=vmsa() if fields is None else fields, rcx=rcx, rdx=rdx, r8=r8, memory=memory)


def created():
    return [create(SUCCESS, memory=[access(VMSA1, False)])]


def add_vcpus(cases):
    def add(name, *steps, **more):
        cases.add(f"create-vcpu/{name}", *steps, **more)

    back = [access(VMSA1, True)]
    add("creates", *created(), query())
    add("the-new-vcpu-calls", *created(), query(VMSA1, AREA1))
    add("twice", *created(), create(ADDRESS, []))
    for name, fields in [("vmpl-0", vmsa(vmpl="0x0")), ("vmpl-4", vmsa(vmpl="0x4")),
                         ("vmpl-stronger-than-the-callers", vmsa(vmpl="stronger_vmpl")),
                         ("efer-without-svme", vmsa(efer="0x0")),
                         ("features-of-another-kind", vmsa(features="features+0x400000"))]:
        add(name, create(PARAMETER, fields, memory=back), query())
    add("succeeds-after-a-refusal", create(PARAMETER, vmsa(vmpl="0x0")), *created())
    for name, more in [("vmsa-unaligned", {"rcx": at("free", 0x4008)}), ("area-unaligned", {"rdx": at("free", 0x5008)}),
                       ("apic-id-of-33-bits", {"r8": 1 << 32})]:
        add(name, create(PARAMETER, memory=back, **more))
    add("one-page-for-both", create(ADDRESS, rdx=VMSA1, memory=back))
    for place in ("svsm", "hole", "vmsa", "area"):
        add(f"vmsa-is-{place}", create(ADDRESS, [], rcx=place), query())
    for place in ("svsm", "hole", "vmsa", "area"):
        add(f"area-is-{place}", create(ADDRESS, rdx=place, memory=back), query())

    def add_delete(name, *steps, **more):
        cases.add(f"delete-vcpu/{name}", *steps, **more)

    def delete(result, place, **more):
        return step(0, 3, result, rcx=place, **more)

    add_delete("deletes", *created(), delete(SUCCESS, VMSA1, memory=back))
    add_delete("twice", *created(), delete(SUCCESS, VMSA1), delete(PARAMETER, VMSA1))
    add_delete("page-is-free-again", *created(), delete(SUCCESS, VMSA1),
               listed(1, SUCCESS, [VMSA1], 1, memory=[access(VMSA1, False)]))
    add_delete("created-anew", *created(), delete(SUCCESS, VMSA1), *created(), query(VMSA1, AREA1))
    add_delete("by-itself", *created(),
               {"call": {"rax": "0x3", "rcx": VMSA1, "vmsa": VMSA1, "area": AREA1}, "expect": {"gone": True}}, query())
    for place in ("free", "svsm", "hole", "area"):
        add_delete(f"{place}-is-no-vmsa", delete(PARAMETER, place), query())
    add_delete("startup-vcpu", delete(PARAMETER, "vmsa"), query())
    add_delete("unaligned", delete(PARAMETER, at("vmsa", 8)), query())
    cases.add("pvalidate/page-is-a-vmsa-by-create", *created(), listed(1, ADDRESS, [VMSA1], 0), query(VMSA1, AREA1))
    cases.add("pvalidate/page-is-an-area-by-create", *created(), listed(1, ADDRESS, [AREA1], 0), query(VMSA1, AREA1))


def add_memory(cases):
    offered = {"not_offered": [NO_CALL]}

    def add(name, *steps, **more):
        cases.add(f"deposit-mem/{name}", *steps, **offered, **more)

    def one(*arguments, **more):
        return listed(4, *arguments, **more)

    given = one(SUCCESS, [A], 1, write=[put(A, b"\xAA" * 16)], memory=[access(A, False)])
    add("takes-a-page", given, query())
    add("takes-two", one(SUCCESS, [A, B], 2, memory=[access(A, False), access(B, False)]))
    add("twice", given, one(ADDRESS, [A], 0))
    add("invalid-page", listed(1, SUCCESS, [A], 1), one([ADDRESS, "0x80001001", "0x80001002"], [A], 0))
    for size in (2, 3):
        add(f"size-{size}", one(PARAMETER, [f"{A}+{size:#x}"], 0))
    for bit in range(2, 12):
        add(f"reserved-bit-{bit}", one(PARAMETER, [f"{A}+{1 << bit:#x}"], 0, memory=[access(A, True)]))
    add("large-unaligned", one(PARAMETER, [A + LARGE], 0))
    for place in ("svsm", "hole", "vmsa", "area"):
        add(f"page-is-{place}", one(ADDRESS, [place], 0), query())
    add("page-is-the-list", one(ADDRESS, ["free"], 0))
    add("no-entries", one(PARAMETER, [], 0))
    add("next-is-entries", one(PARAMETER, [A], 1, start=1))
    add("list-unaligned", step(0, 4, PARAMETER, rcx=at("free", 4)))
    for place in ("svsm", "hole"):
        add(f"list-in-{place}", step(0, 4, ADDRESS, rcx=place), query())
    add("page-is-no-longer-the-guests", given, listed(1, ADDRESS, [A], 0))

    def add_withdraw(name, *steps, **more):
        cases.add(f"withdraw-mem/{name}", *steps, **offered, **more)

    nothing = [put("free", bytes(8))]
    add_withdraw("nothing", step(0, 5, SUCCESS, write=[put("free", b"\xFF" * 16)], rcx="free", memory=nothing),
                 level="should")
    add_withdraw("what-was-deposited", given,
                 step(0, 5, SUCCESS, write=[put(B, b"\xFF" * 16)], rcx=B,
                      memory=[put(B, struct.pack("<HHI", 1, 0, 0)), number(8, at(B, 8), A), access(A, True),
                              {"at": A, "zero": 0x1000}]), level="should")
    add_withdraw("unaligned", step(0, 5, PARAMETER, rcx=at("free", 4)))
    add_withdraw("no-room-for-an-entry", step(0, 5, PARAMETER, rcx=at("free", 0xFF8)))
    for place in ("svsm", "hole", "vmsa"):
        add_withdraw(f"list-in-{place}", step(0, 5, ADDRESS, rcx=place), query())


def add_vtom(cases):
    def add(name, *steps, **more):
        cases.add(f"configure-vtom/{name}", *steps, **more)

    add("query", step(0, 7, SUCCESS, rcx=1, save={"rcx": "support"},
                      checks=[{"bits": {"value": "support", "zero": hex(~(0xFF002) & 2**64 - 1)}}]))
    for bit in (1, 2, 4, 5, 11, 12, 63):
        add(f"query-with-bit-{bit}", step(0, 7, PARAMETER, rcx=1 | 1 << bit))
    for bit in range(5, 12):
        add(f"set-with-reserved-bit-{bit}", step(0, 7, PARAMETER, rcx=2 | 1 << bit))
    add("set-out-of-bounds", step(0, 7, [REQUEST, ADDRESS], rcx=2 | 1 << 63), query())
    add("set-below-all-memory", step(0, 7, [REQUEST, ADDRESS], rcx=2 | 0x1000), query())


def core():
    cases = Cases("core")
    add_query(cases)
    add_remap(cases)
    add_pvalidate(cases)
    add_vcpus(cases)
    add_memory(cases)
    add_vtom(cases)
    write(HERE / "core.json", "calls", "AMD 58019, Core protocol", cases.cases)


# ---- attestation ----

OP, NONCE, REPORT = "free", at("free", 0x100), at("free", 0x1000)
MANIFEST, CERTIFICATES = at("free", 0x10000), at("free", 0x20000)


class Operation:
    """The operation struct, each of whose fields a case may change."""

    def __init__(self, **changes):
        self.fields = {"report": REPORT, "report_size": 0x2000, "reserved_0c": 0, "nonce": NONCE, "nonce_size": 64,
                       "reserved_1a": 0, "manifest": MANIFEST, "manifest_size": 0x8000, "reserved_2c": 0,
                       "certificates": CERTIFICATES, "certificates_size": 0x4000, "reserved_3c": 0}
        self.single = changes.pop("single", None)
        self.reserved_54 = changes.pop("reserved_54", 0)
        self.where = changes.pop("where", OP)
        assert set(changes) <= set(self.fields)
        self.fields.update(changes)

    def writes(self):
        layout = [("report", 0x00, 8), ("report_size", 0x08, 4), ("reserved_0c", 0x0C, 4), ("nonce", 0x10, 8),
                  ("nonce_size", 0x18, 2), ("reserved_1a", 0x1A, 4), ("manifest", 0x20, 8), ("manifest_size", 0x28, 4),
                  ("reserved_2c", 0x2C, 4), ("certificates", 0x30, 8), ("certificates_size", 0x38, 4),
                  ("reserved_3c", 0x3C, 4)]
        rows = [put(self.where, bytes(0x40))]
        rows += [number(size, at(self.where, offset), self.fields[name]) for name, offset, size in layout]
        if self.single:
            guid, version = self.single
            rows += [put(at(self.where, 0x40), guid.bytes_le), number(4, at(self.where, 0x50), version),
                     number(4, at(self.where, 0x54), self.reserved_54)]
        return rows


NONCE_BYTES = stream("nonce", 64)
SIZES = {"rcx": "manifest_size", "rdx": "certificates_size", "r8": "report_size"}


def bounds(name, low, high):
    return {"bounds": {"value": name, "min": hex(low), "max": hex(high)}}


def attest(result, op, checks=(), memory=(), save=None, rcx=None, nonce=NONCE):
    call = 1 if op.single else 0
    return step(1, call, result, write=[put(nonce, NONCE_BYTES)] + op.writes(), rcx=rcx or op.where, rdx="0x0", r8="0x0",
                checks=checks, memory=memory, save=save)


def bound(manifest=MANIFEST):
    """The report is over SHA-512(nonce || manifest), at VMPL 0."""
    return {"report_data": {"report": REPORT, "nonce": NONCE, "manifest": manifest, "size": "manifest_size"}}


AT_VMPL_0 = number(4, at(REPORT, 0x30), 0)


def attestation():
    cases = Cases("attestation", [{"protocol": 1, "version": 1}])
    vtpm = {"needs": [{"protocol": 2, "version": 1}]}
    table = {"services_manifest": {"at": MANIFEST, "size": "manifest_size"}}
    fits = [bounds("manifest_size", 24, 0x8000), bounds("report_size", 0x4A0, 0x2000)]
    cases.add("services/answers", attest(SUCCESS, Operation(), save=SIZES, memory=[AT_VMPL_0],
                                         checks=fits + [bounds("certificates_size", 0, 0x4000), table, bound()]))
    cases.add("services/without-certificates",
              attest(SUCCESS, Operation(certificates_size=0, certificates=0), save=SIZES, memory=[AT_VMPL_0],
                     checks=fits + [bounds("certificates_size", 0, 0), table, bound()]))
    cases.add("services/other-nonce-other-report",
              attest(SUCCESS, Operation(), save=SIZES, checks=[bound()]),
              step(1, 0, SUCCESS, write=[put(NONCE, stream("other nonce", 64))] + Operation().writes(), rcx=OP, save=SIZES,
                   checks=[bound()]))
    single = Operation(single=(VTPM, 0))
    cases.add("single/vtpm", attest(SUCCESS, single, save=SIZES, memory=[AT_VMPL_0],
                                    checks=[bounds("manifest_size", 1, 0x8000), bound()]), **vtpm)
    cases.add("single/unknown-service", attest(PARAMETER, Operation(single=(NOBODY, 0))))
    cases.add("single/unknown-version", attest(PARAMETER, Operation(single=(VTPM, 0x7FFFFFFF))), **vtpm)
    cases.add("single/reserved-54", attest(PARAMETER, Operation(single=(VTPM, 0), reserved_54=1)), **vtpm)

    asked = [bounds("manifest_size", 24, 0x100000), bounds("report_size", 0x4A0, 0x100000)]
    for name, change in [("report-does-not-fit", {"report_size": 0x49F}), ("report-of-no-bytes", {"report_size": 0}),
                         ("manifest-does-not-fit", {"manifest_size": 23}), ("manifest-of-no-bytes", {"manifest_size": 0})]:
        cases.add(f"services/{name}", attest(PARAMETER, Operation(**change), save=SIZES, checks=asked),
                  attest(SUCCESS, Operation(report_size="report_size", manifest_size="manifest_size"), save=SIZES,
                         checks=[bound()]))
    for size in (0, 63, 65, 0xFFFF):
        cases.add(f"services/nonce-of-{size}-bytes", attest(PARAMETER, Operation(nonce_size=size)))
    cases.add("services/nonce-leaves-its-page",
              attest(PARAMETER, Operation(nonce=at("free", 0x5FC1)), nonce=at("free", 0x5FC1)))
    for name in ("reserved_0c", "reserved_1a", "reserved_2c", "reserved_3c"):
        cases.add(f"services/{name.replace('_', '-')}", attest(PARAMETER, Operation(**{name: 0x01000000})))
    for name, place in [("report", REPORT), ("manifest", MANIFEST), ("certificates", CERTIFICATES)]:
        cases.add(f"services/{name}-unaligned", attest(PARAMETER, Operation(**{name: at(place, 8)})))
        for where in ("svsm", "hole"):
            cases.add(f"services/{name}-in-{where}", attest(ADDRESS, Operation(**{name: where})))
    for where in ("svsm", "hole"):
        cases.add(f"services/nonce-in-{where}", attest(ADDRESS, Operation(nonce=where)))
        cases.add(f"services/operation-in-{where}", step(1, 0, ADDRESS, rcx=where))
    cases.add("services/report-over-manifest", attest(PARAMETER, Operation(report=MANIFEST)), level="should")
    cases.add("services/report-over-the-operation", attest(PARAMETER, Operation(report=OP)), level="should")
    cases.add("services/report-in-the-calling-area", attest(ADDRESS, Operation(report="area")), level="should")
    cases.add("services/sizes-out-of-all-bounds", attest(PARAMETER, Operation(report_size=0xFFFFFFFF)), level="should")
    cases.add("services/operation-unaligned", attest(PARAMETER, Operation(where=at("free", 4))), level="should")
    cases.add("services/operation-leaves-its-page", attest(PARAMETER, Operation(where=at("free", 0x6FC8))))
    cases.add("unknown-call", step(1, 0xFFFF, NO_CALL, rcx=OP), query())
    write(HERE / "attestation.json", "calls", "AMD 58019, Attestation protocol", cases.cases)


# ---- vTPM ----

STARTUP = bytes.fromhex("80010000000c000001440000")
# TPM2_GetCapability(TPM_CAP_TPM_PROPERTIES, TPM_PT_FAMILY_INDICATOR, 1) and what every TPM 2.0 says: there is more; "2.0".
FAMILY = bytes.fromhex("8001000000160000017a000000060000010000000001")
FAMILY_ANSWER = bytes.fromhex("80010000001b00000000010000000600000001" "00000100322e3000")
WRONG_SIZE = bytes.fromhex("80010000000b0000017a")
WRONG_SIZE_ANSWER = bytes.fromhex("80010000000a00000142")


def request(command, platform=8, locality=0, size=None):
    return struct.pack("<IBI", platform, locality, len(command) if size is None else size) + command


def vtpm():
    cases = Cases("vtpm", [{"protocol": 2, "version": 1}])
    cases.add("query", step(2, 0, SUCCESS, rcx="0x9", rdx="0x9", save={"rcx": "commands"},
                            checks=[{"bits": {"value": "commands", "set": "0x100"}}], out={"rdx": "0x0"}))

    def send(command, result=SUCCESS, where="free", answer=None, tail=b""):
        sent = request(command) + tail
        memory = [] if answer is None else [put(where, struct.pack("<I", len(answer)) + answer)]
        return step(2, 1, result, write=[put(where, sent)], rcx=where, memory=memory)

    for name, where in [("command", "free"), ("command-unaligned", at("free", 0x123)),
                        ("command-over-two-pages", at("free", 0xFF9))]:
        cases.add(name, send(STARTUP, where=where), send(FAMILY, where=where, answer=FAMILY_ANSWER))
    tail = put(at("free", 0x200), stream("tail", 256))
    cases.add("bytes-behind-the-answer-stay", send(STARTUP),
              step(2, 1, SUCCESS, write=[put("free", request(FAMILY)), tail], rcx="free", memory=[tail]))
    cases.add("the-tpms-own-error", send(STARTUP), send(WRONG_SIZE, answer=WRONG_SIZE_ANSWER))
    cases.add("longest-command", send(STARTUP), send(FAMILY + bytes(4087 - len(FAMILY))))
    good = request(FAMILY)
    for name, result, bad in [("platform-command-0", PARAMETER, request(FAMILY, platform=0)),
                              ("platform-command-32", PARAMETER, request(FAMILY, platform=32)),
                              ("platform-command-ffffffff", PARAMETER, request(FAMILY, platform=0xFFFFFFFF)),
                              ("platform-command-not-offered", NO_CALL, request(FAMILY, platform=1)),
                              ("locality-1", PARAMETER, request(FAMILY, locality=1)),
                              ("locality-255", PARAMETER, request(FAMILY, locality=255)),
                              ("size-4088", PARAMETER, request(FAMILY, size=4088)),
                              ("size-ffffffff", PARAMETER, request(FAMILY, size=0xFFFFFFFF))]:
        cases.add(name, step(2, 1, result, write=[put("free", bad)], rcx="free", memory=[put("free", bad)]), query())
    cases.add("buffer-null", step(2, 1, PARAMETER, rcx="0x0"), query())
    for place in ("svsm", "hole", "vmsa"):
        cases.add(f"buffer-in-{place}", step(2, 1, ADDRESS, rcx=place), query())
    cases.add("buffer-over-the-call-pending-byte",
              step(2, 1, ADDRESS, write=[put(at("area", 8), good)], rcx="area"), query(), level="should")
    cases.add("unknown-call", step(2, 0xFFFF, NO_CALL, rcx="free"), query())
    write(HERE / "vtpm.json", "calls", "AMD 58019, vTPM protocol; TCG TPM 2.0 Library", cases.cases)


# ---- APIC ----

TPR, EOI, LDR, ICR, SELF_IPI, APIC_ID = 0x808, 0x80B, 0x80D, 0x830, 0x83F, 0x802


def apic():
    """What can be said without an interrupt; protocols 3 and 4 have no other original than their users."""
    cases = Cases("apic", [{"protocol": 3, "version": 1}])

    def add(name, call, result, rcx=0, rdx=0, **more):
        cases.add(name, step(3, call, result, rcx=rcx, rdx=rdx), query(), **more)

    add("query-features", 0, SUCCESS)
    add("unknown-call", 0xFFFF, NO_CALL)
    add("configure-query", 1, SUCCESS)
    add("configure-unknown", 1, PARAMETER, 3)
    for register in (0x800, 0x803, 0x80C, 0x82F, 0x840, 0):
        add(f"read-of-no-register-{register:x}", 2, ADDRESS, register)
        add(f"write-of-no-register-{register:x}", 3, ADDRESS, register)
    for register in (EOI, SELF_IPI):
        add(f"read-of-{register:x}-that-is-written-only", 2, PARAMETER, register)
    for register in (APIC_ID, LDR, 0x810, 0x820):
        add(f"write-of-{register:x}-that-is-read-only", 3, PARAMETER, register)
    for register, value in ((TPR, 0x100), (EOI, 1), (ICR, 1 << 12), (SELF_IPI, 0x100)):
        add(f"write-of-{register:x}-with-reserved-bits", 3, PARAMETER, register, value)
    for bit in (10, 31, 63):
        add(f"configure-vector-reserved-bit-{bit}", 4, PARAMETER, 1 << bit)
    cases.add("what-was-written-is-read", step(3, 1, SUCCESS, rcx=2), step(3, 3, SUCCESS, rcx=TPR, rdx=0x20),
              step(3, 2, SUCCESS, rcx=TPR, out={"rdx": "0x20"}), level="should")
    write(HERE / "apic.json", "calls", "AMD 58019, draft of 1.01, APIC protocol", cases.cases)


# ---- UEFI MM ----

def uefi_mm():
    cases = Cases("uefi-mm", [{"protocol": 4, "version": 1}])

    def message(size):
        return put("free", stream("nobody's guid", 16) + struct.pack("<Q", size) + stream("message", 64))

    def send(name, result, write=(), rcx="free", rdx=0x1000, **more):
        cases.add(name, step(4, 1, result, write=write, rcx=rcx, rdx=rdx, memory=more.pop("memory", ())), query(), **more)

    cases.add("unknown-call", step(4, 0xFFFF, NO_CALL), query())
    for size in (0, 23, 0x40001, 1 << 32):
        send(f"request-of-{size}-bytes", PARAMETER, rdx=size)
    send("request-unaligned", ADDRESS, rcx=at("free", 8))
    for place in ("svsm", "hole", "vmsa"):
        send(f"request-in-{place}", ADDRESS, rcx=place)
    send("body-longer-than-the-buffer", PARAMETER, [message(0x1000 - 23)])
    send("body-of-64-bits", PARAMETER, [message(2**64 - 1)])
    send("message-that-nobody-serves", SUCCESS, [message(64)], memory=[message(64)], level="should")
    write(HERE / "uefi_mm.json", "calls", "UEFI MM protocol as its users have it", cases.cases)


core()
attestation()
vtpm()
apic()
uefi_mm()
