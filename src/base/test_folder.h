// For tests: a folder that goes away with its object.
#ifndef FULLSTOP_BASE_TEST_FOLDER_H_
#define FULLSTOP_BASE_TEST_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <iterator>
#include <string>

namespace fullstop {

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = testing::TempDir() + "fullstop.XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  size_t Count() const {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_;
};

}  // namespace fullstop

#endif  // FULLSTOP_BASE_TEST_FOLDER_H_
