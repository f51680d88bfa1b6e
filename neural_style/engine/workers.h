// A thread pool whose threads share the units of each pass.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "kernels/kernel.h"
#include "memory.h"

namespace engine {

struct Cancelled : std::exception {
    const char* what() const noexcept override { return "the painting was cancelled"; }
};

class Workers {
public:
    using Work = std::function<void(int item, Scratch& scratch)>;
    using Poll = std::function<void()>;

    // `threads` counts the thread that calls `run`, which must be the one that constructs this.
    // Fewer threads work if the system refuses to start more. That thread calls `poll` ten times a
    // second while it works or waits; what `poll` throws ends the work, and `run` throws it.
    Workers(const Kernel& kernel, int threads, Poll poll = {});
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // Do `work` for items 0..count - 1 and wait until all are done. The first exception of an item
    // stops the remaining items and is rethrown here.
    void run(int count, const Work& work);

    // Throw `Cancelled` if the work is to end. Work calls this every few milliseconds.
    void check() {
        if (std::this_thread::get_id() == owner_) poll_if_due();
        if (is_cancelled_) throw Cancelled{};
    }

private:
    using Clock = std::chrono::steady_clock;

    void serve(Scratch& scratch);
    void take_items(Scratch& scratch);
    void poll_if_due();

    const Kernel& kernel_;
    const Poll poll_;
    const std::thread::id owner_ = std::this_thread::get_id();
    Clock::time_point last_poll_ = Clock::now();
    std::atomic<bool> is_cancelled_{false};
    std::vector<Scratch> scratches_;
    std::vector<std::thread> threads_;

    std::mutex mutex_;
    std::condition_variable started_, stopped_;
    const Work* work_ = nullptr;
    int count_ = 0;
    // Written under the mutex; read without it by threads that spin before they sleep.
    std::atomic<long long> round_{0};  // calls of `run`
    std::atomic<int> busy_{0};         // threads that have not finished this round
    std::atomic<bool> is_closing_{false};
    std::atomic<int> next_item_{0};
    std::exception_ptr error_;
};

}  // namespace engine
