// One file, one damage at a time: the error, and the byte that it names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "base/error.h"
#include "format/gguf.h"
#include "format/gguf_test_bytes.h"

namespace fullstop {
namespace {

using ::testing::HasSubstr;

using File = GgufTestBytes;
using Kind = Error::Kind;

constexpr uint64_t kHuge = uint64_t{1} << 62;

struct Damage {
  const char* name;
  // Damages the good file; returns the byte that the error must name.
  std::function<uint64_t(File&)> apply;
  Kind kind;
  const char* message;
};

void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

// A damage that overwrites the number at a mark, and is found there.
template <typename T>
std::function<uint64_t(File&)> Put(const char* mark, T number) {
  return [=](File& file) { return file.Put(mark, number); };
}

// The same, found at another mark.
template <typename T>
std::function<uint64_t(File&)> PutSeenAt(const char* seen, const char* mark,
                                         T number, uint64_t delta = 0) {
  return [=](File& file) {
    file.Put(mark, number, delta);
    return file.at(seen);
  };
}

// Ends the file DELTA bytes behind the mark; SEEN bytes before its end begins
// an element that is not complete.
std::function<uint64_t(File&)> CutBehind(const char* mark, uint64_t delta,
                                         uint64_t seen) {
  return [=](File& file) {
    const uint64_t end = file.at(mark) + delta;
    file.CutAt(end);
    return end - seen;
  };
}

std::function<uint64_t(File&)> PutHeader(uint64_t byte, uint64_t number,
                                         size_t size = 8) {
  return [=](File& file) {
    std::memcpy(file.bytes().data() + byte, &number, size);
    return byte;
  };
}

const Damage kHeaderDamages[] = {
    {"Magic", PutHeader(0, 0x46554748, 4), Kind::kFormat, "not a GGUF file"},
    {"CutInMagic",
     [](File& file) {
       file.CutAt(3);
       return 0;
     },
     Kind::kFormat, "not a GGUF file, but a text file"},
    {"Empty",
     [](File& file) {
       file.CutAt(0);
       return 0;
     },
     Kind::kFormat, "not a GGUF file, but an empty file"},
    {"VersionZero", PutHeader(4, 0, 4), Kind::kUnsupported, "version 0"},
    {"VersionOne", PutHeader(4, 1, 4), Kind::kUnsupported, "version 1"},
    {"VersionFour", PutHeader(4, 4, 4), Kind::kUnsupported, "version 4"},
    {"BigEndian", PutHeader(4, 0x03000000, 4), Kind::kUnsupported,
     "a big-endian GGUF file (version 3)"},
    {"CutInVersion",
     [](File& file) {
       file.CutAt(6);
       return 4;
     },
     Kind::kFormat, "the file ends after 6 bytes, within its header"},
    {"CutInCounts",
     [](File& file) {
       file.CutAt(20);
       return 16;
     },
     Kind::kFormat, "the file ends after 20 bytes, within its header"},
    {"TensorsDoNotFit", PutHeader(8, 1000), Kind::kFormat,
     "counts 1000 tensors, but no more than"},
    {"TensorsAbsurd", PutHeader(8, kHuge), Kind::kFormat,
     "counts 4611686018427387904 tensors, but more than 262144"},
    {"EntriesDoNotFit", PutHeader(16, 1000), Kind::kFormat,
     "counts 1000 entries, but no more than"},
    {"EntriesAbsurd", PutHeader(16, ~uint64_t{0}), Kind::kFormat,
     "counts 18446744073709551615 entries, but more than 65536"},
    {"OneEntryTooFew",
     [](File& file) {
       PutHeader(16, 6)(file);
       return file.at("nested") + 8 + 6;
     },
     Kind::kFormat, "tensor 'nested' has 9 dimensions"},
};

const Damage kEntryDamages[] = {
    {"KeyLengthPastFile", Put<uint64_t>("flag", 5000), Kind::kFormat,
     "the name of a key is 5000 bytes long, but only"},
    {"KeyLengthAbsurd", Put("flag", ~uint64_t{0}), Kind::kFormat,
     "the name of a key is 18446744073709551615 bytes long"},
    {"KeyEmpty", Put<uint64_t>("flag", 0), Kind::kFormat, "without a name"},
    {"KeyTwice",
     [](File& file) {
       file.bytes().replace(file.at("text") + 8, 4, "flag");
       return file.at("text");
     },
     Kind::kFormat, "key 'flag' stands twice"},
    {"ValueTypeUnknown", Put("flag type", 13), Kind::kFormat,
     "the value of key 'flag' has a value type 13"},
    {"ValueTypeAbsurd", Put("flag type", ~0u), Kind::kFormat,
     "a value type 4294967295"},
    {"CutInType", CutBehind("words type", 2, 2), Kind::kFormat,
     "within the value of key 'words'"},
    {"CutInValue", CutBehind("words count", 3, 3), Kind::kFormat,
     "within the value of key 'words'"},
    {"BoolOfTwo", Put<uint8_t>("flag value", 2), Kind::kFormat,
     "a bool of 2, neither 0 nor 1"},
    {"StringPastFile", Put<uint64_t>("text value", 9999), Kind::kFormat,
     "the value of key 'text' is 9999 bytes long, but only"},
    {"ElementTypeUnknown", Put("numbers type", 99), Kind::kFormat,
     "the value of key 'numbers' has an element type 99"},
    {"ArrayPastFile",
     PutSeenAt<uint64_t>("numbers count", "numbers count", 5000), Kind::kFormat,
     "the value of key 'numbers' has 5000 elements"},
    {"ArrayAbsurd", Put("numbers count", kHuge * 2), Kind::kFormat,
     "has 9223372036854775808 elements"},
    {"StringArrayPastFile", Put("words count", kHuge), Kind::kFormat,
     "the value of key 'words' has 4611686018427387904 elements"},
    {"StringInArrayPastFile", Put<uint64_t>("second word", 12345),
     Kind::kFormat, "the value of key 'words' is 12345 bytes long"},
    {"BoolInArrayOfTwo",
     [](File& file) { return file.Put<uint8_t>("flags values", 255, 1); },
     Kind::kFormat, "the value of key 'flags' is a bool of 255"},
    {"BoolArrayPastFile", Put("flags count", kHuge), Kind::kFormat,
     "the value of key 'flags' has 46"},
    {"NestedArrayPastFile", Put("nested count", kHuge), Kind::kFormat,
     "the value of key 'nested' has 46"},
    {"NestedInnerPastFile", Put<uint64_t>("second nested count", 4000),
     Kind::kFormat, "the value of key 'nested' has 4000 elements"},
    {"ArraysThreeDeep",
     [](File& file) {
       file.Put("second nested", 9);
       file.Put<uint64_t>("second nested count", 1);
       return file.at("second nested count") + 8;
     },
     Kind::kUnsupported, "nests arrays more than two deep"},
    {"AlignmentType", PutSeenAt("alignment", "alignment type", 5),
     Kind::kFormat, "is of type int32, not uint32"},
    {"AlignmentZero", PutSeenAt("alignment", "alignment value", 0),
     Kind::kFormat, "is 0, not a power of two"},
    {"AlignmentOdd", PutSeenAt("alignment", "alignment value", 48),
     Kind::kFormat, "is 48, not a power of two"},
};

const Damage kTensorDamages[] = {
    {"NamePastFile", Put<uint64_t>("second", 777), Kind::kFormat,
     "the name of a tensor is 777 bytes long"},
    {"NameTwice",
     [](File& file) {
       file.bytes().replace(file.at("second") + 8, 5, "first");
       return file.at("second");
     },
     Kind::kFormat, "tensor 'first' stands twice"},
    {"FiveDimensions", Put("first dimensions", 5), Kind::kFormat,
     "tensor 'first' has 5 dimensions; at most 4"},
    {"CutInShape", CutBehind("first shape", 9, 9), Kind::kFormat,
     "within tensor 'first'"},
    {"ElementsOverflow", PutSeenAt("first", "first shape", kHuge),
     Kind::kFormat, "the absurd shape 4611686018427387904 x 2"},
    {"ElementsOverflowBesideZero",
     [](File& file) {
       file.Put("first dimensions", 2);
       file.Put<uint64_t>("first shape", 0);
       file.Put("first shape", ~uint64_t{0}, 8);
       return file.at("first");
     },
     Kind::kFormat, "the absurd shape 0 x 18446744073709551615"},
    {"BytesOverflow", PutSeenAt("second", "second shape", kHuge / 2),
     Kind::kFormat, "of type F32 has the absurd shape 2305843009213693952"},
    {"TypeUnknown", Put("second type", 43), Kind::kUnsupported,
     "tensor 'other' has the unknown type 43"},
    {"TypeRemoved", Put("second type", 31), Kind::kUnsupported,
     "the type Q4_0_4_4, which was taken out of GGUF"},
    {"RowNotWholeBlocks", PutSeenAt<uint64_t>("first", "first shape", 33),
     Kind::kFormat,
     "rows of 33, not a multiple of the 32 weights in a block of Q4_0"},
    {"NumberOfBlockType", PutSeenAt<uint32_t>("second", "second type", 12),
     Kind::kFormat,
     "rows of 3, not a multiple of the 256 weights in a block of Q4_K"},
    {"OffsetUnaligned", PutSeenAt<uint64_t>("second", "second offset", 65),
     Kind::kFormat, "offset 65, not a multiple of the alignment 64"},
    {"OffsetAbsurd", PutSeenAt("second", "second offset", ~uint64_t{63}),
     Kind::kFormat, "the absurd offset 18446744073709551552"},
    {"OffsetPastFile", PutSeenAt("second", "second offset", kHuge),
     Kind::kFormat, "tensor 'other' (F32, 3) ends at byte"},
    {"Overlap", PutSeenAt<uint64_t>("second", "second offset", 0),
     Kind::kFormat, "tensor 'other' (F32, 3) overlaps tensor 'first'"},
    {"CutInOffset", CutBehind("second offset", 7, 7), Kind::kFormat,
     "within tensor 'other'"},
    {"CutBeforeData",
     [](File& file) {
       file.CutAt(file.at("end of header"));
       return file.at("first");
     },
     Kind::kFormat, "but the file has only"},
    {"CutInData",
     [](File& file) {
       file.CutAt(file.at("second data") + 11);
       return file.at("second");
     },
     Kind::kFormat, "tensor 'other' (F32, 3) ends at byte"},
};

class GgufDamageTest : public ::testing::TestWithParam<Damage> {};

TEST_P(GgufDamageTest, IsRefusedAtItsByte) {
  File file = GoodGguf();
  ASSERT_NO_THROW(GgufFile::Parse(file.span(), "good.gguf"));
  const uint64_t byte = GetParam().apply(file);
  try {
    GgufFile::Parse(file.span(), "damaged.gguf");
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), GetParam().kind) << error.what();
    EXPECT_EQ(error.file(), "damaged.gguf");
    EXPECT_EQ(error.byte(), byte) << error.what();
    EXPECT_THAT(error.message(), HasSubstr(GetParam().message));
  }
}

std::string Name(const ::testing::TestParamInfo<Damage>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Header, GgufDamageTest,
                         ::testing::ValuesIn(kHeaderDamages), Name);
INSTANTIATE_TEST_SUITE_P(Entries, GgufDamageTest,
                         ::testing::ValuesIn(kEntryDamages), Name);
INSTANTIATE_TEST_SUITE_P(Tensors, GgufDamageTest,
                         ::testing::ValuesIn(kTensorDamages), Name);

TEST(GgufCutTest, EveryPrefixIsRefusedWithinItself) {
  const std::string bytes = GoodGguf().bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    try {
      GgufFile::Parse(std::as_bytes(std::span(bytes).first(size)), "cut");
      FAIL() << size << " of " << bytes.size() << " bytes are not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::kFormat) << error.what();
      EXPECT_FALSE(error.advice().empty()) << error.what();
      ASSERT_TRUE(error.byte());
      EXPECT_LE(*error.byte(), size) << error.what();
    }
  }
}

TEST(GgufCutTest, SaysBothLengthsAndTheLikelyCause) {
  File file = GoodGguf();
  const size_t whole = file.bytes().size();
  file.CutAt(whole - 1);
  try {
    GgufFile::Parse(file.span(), "cut");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(),
                HasSubstr("has only " + std::to_string(whole - 1) + " of " +
                          std::to_string(whole) + " bytes"));
    EXPECT_THAT(error.advice(), HasSubstr("incomplete download"));
  }
}

// Whatever a byte becomes, the file opens or is refused; sanitizers watch.
TEST(GgufCutTest, NoChangeOfOneByteDoesHarm) {
  const File good = GoodGguf();
  size_t opened = 0;
  size_t refused = 0;
  for (size_t i = 0; i < good.at("end of header"); ++i) {
    for (const int change : {0x01, 0x02, 0x10, 0x80, 0xFF}) {
      File file = good;
      file.bytes()[i] = static_cast<char>(file.bytes()[i] ^ change);
      try {
        GgufFile::Parse(file.span(), "changed");
        ++opened;
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(opened, 100u);
  EXPECT_GT(refused, 500u);
}

}  // namespace
}  // namespace fullstop
