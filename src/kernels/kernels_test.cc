#include "kernels/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "kernels/cpu_features.h"

namespace fullstop::kernels {
namespace {

using testing::HasSubstr;

CpuFeatures WithEverything() {
  CpuFeatures all;
  all.avx2 = all.fma = all.f16c = true;
  all.avx512f = all.avx512bw = all.avx512dq = all.avx512vl = true;
  all.avx512vnni = true;
  return all;
}

TEST(CpuPathTest, NamesParseBack) {
  for (const CpuPath path :
       {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512}) {
    EXPECT_EQ(ParseCpuPath(CpuPathName(path)), path);
  }
}

TEST(CpuPathTest, AnUnknownNameIsAnErrorThatListsTheNames) {
  try {
    ParseCpuPath("AVX3");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("\"AVX3\""));
    EXPECT_THAT(error.what(), HasSubstr("reference, avx2, avx512"));
  }
}

TEST(MissingFeaturesTest, TheReferenceNeedsNone) {
  EXPECT_EQ(MissingFeatures(CpuPath::kReference, CpuFeatures()), "");
}

TEST(MissingFeaturesTest, AllThatLackAreNamed) {
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx2, CpuFeatures()), "AVX2, FMA, F16C");
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx512, WithEverything()), "");
  CpuFeatures skylake = WithEverything();
  skylake.avx512vnni = false;
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx512, skylake), "AVX512_VNNI");
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx2, skylake), "");
  CpuFeatures no_fma = WithEverything();
  no_fma.fma = false;
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx512, no_fma), "FMA");
}

TEST(SelectTest, AForcedPathRunsEveryOperationThatItHas) {
  for (const CpuPath path : Kernels::AvailablePaths()) {
    const Kernels kernels = Kernels::Select(path);
    EXPECT_EQ(kernels.path(), path);
    ASSERT_EQ(kernels.Choices().size(), 6u);
    for (const Kernels::Choice& choice : kernels.Choices()) {
      EXPECT_EQ(choice.path, path) << choice.operation;
    }
  }
}

TEST(SelectTest, TheBestPathIsTaken) {
  const CpuPath best = Kernels::AvailablePaths().back();
  EXPECT_EQ(Kernels::Select().path(), best);
  for (const Kernels::Choice& choice : Kernels::Select().Choices()) {
    EXPECT_EQ(choice.path, best);
  }
}

TEST(SelectTest, ARowAboveTheForcedPathSaysWhyItDeclines) {
  for (const Kernels::Choice& choice :
       Kernels::Select(CpuPath::kReference).Choices()) {
    for (const auto& declined : choice.declined) {
      EXPECT_THAT(declined.reason, HasSubstr("reference"));
    }
  }
}

TEST(SelectTest, AnAbsentPathIsAnErrorThatNamesWhatIsMissing) {
  EXPECT_NO_THROW(RequireFeatures(CpuPath::kReference, CpuFeatures()));
  CpuFeatures old = WithEverything();
  old.avx512bw = old.avx512vnni = false;
  EXPECT_NO_THROW(RequireFeatures(CpuPath::kAvx2, old));
  try {
    RequireFeatures(CpuPath::kAvx512, old);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUnsupported);
    EXPECT_EQ(error.message(),
              "CPU path avx512 needs AVX512BW, AVX512_VNNI, which this CPU or "
              "its system lacks");
  }
}

TEST(SelectTest, OnlyPathsThatTheCpuHasCanBeForced) {
  const std::vector<CpuPath> available = Kernels::AvailablePaths();
  for (const CpuPath path : {CpuPath::kAvx2, CpuPath::kAvx512}) {
    if (std::find(available.begin(), available.end(), path) !=
        available.end()) {
      EXPECT_NO_THROW(Kernels::Select(path));
    } else {
      EXPECT_THROW(Kernels::Select(path), Error);
    }
  }
}

TEST(SelectTest, OnlyTypesThatCanBeMultipliedAreSupported) {
  EXPECT_TRUE(Kernels::Supports(TensorType::kQ4_K));
  EXPECT_FALSE(Kernels::Supports(TensorType::kI8));
  EXPECT_FALSE(Kernels::Supports(TensorType::kQ8_K));
}

}  // namespace
}  // namespace fullstop::kernels
