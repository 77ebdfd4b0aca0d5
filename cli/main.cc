#include <cstdio>

int main() {
  std::puts("fullstop");
  return 0;
}
