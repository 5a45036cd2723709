// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

import {TestToken} from "./TestToken.sol";
import {vm} from "./Vm.sol";

interface Registry {
    function registerSecret(bytes32 secret) external returns (bool);
    function secrethash_to_block(bytes32 hash) external view returns (uint256);
}

interface Channels {
    function deposit(address token, address participant, address partner, uint256 amount, uint64 settle_timeout) external;
    function withDraw(address, address, address, uint256, uint256, bytes calldata, bytes calldata) external;
    function cooperativeSettle(address, address, uint256, address, uint256, bytes calldata, bytes calldata) external;
    function prepareSettle(address, address, uint256, bytes32, uint64, bytes32, bytes calldata) external;
    function updateBalanceProof(address, address, uint256, bytes32, uint64, bytes32, bytes calldata) external;
    function unlock(address, address, uint256, uint256, uint256, bytes32, bytes calldata) external;
    function punishObsoleteUnlock(address, address, address, bytes32, bytes32, bytes calldata) external;
    function settle(address, address, uint256, bytes32, address, uint256, bytes32) external;
    function getChannelInfo(address, address, address) external view returns (bytes32, uint64, uint64, uint8, uint64);
    function getChannelParticipantInfo(address, address, address) external view returns (uint256, bytes24, uint64);
    function queryUnlockedLocks(address, address, address, bytes32) external view returns (bool);
    function secret_registry() external view returns (Registry);
    function chain_id() external view returns (uint256);
}

/// Three people with channels among themselves in two tokens, who sign and submit anything that the contract may accept.
contract People {
    struct Proof {
        uint256 transferred;
        bytes32 root;
        uint64 nonce;
    }

    Channels public immutable channels;
    TestToken[2] public tokens;
    uint256[3] private keys = [uint256(1), 2, 3];
    /// In one channel's life: what went in and what came out.
    mapping(bytes32 => uint256) public paidIn;
    mapping(bytes32 => uint256) public paidOut;
    mapping(bytes32 => mapping(address => Proof)) private proofs;
    mapping(bytes32 => mapping(address => uint256)) private lockAmount;
    uint256 public overpaid;
    uint256 public ended;
    bytes32 private constant SECRET = bytes32(uint256(0xabc));

    constructor(Channels channels_) {
        channels = channels_;
        for (uint256 i = 0; i < 2; i++) {
            tokens[i] = new TestToken(3e30);
            for (uint256 j = 0; j < 3; j++) {
                tokens[i].transfer(person(j), 1e30);
                vm.prank(person(j));
                tokens[i].approve(address(channels_), type(uint256).max);
            }
        }
    }

    function person(uint256 i) public view returns (address) {
        return vm.addr(keys[i % 3]);
    }

    struct Pair {
        address token;
        uint256 i;
        address one;
        address other;
        bytes32 id;
        uint64 last;
        uint64 opened;
        uint8 state;
    }

    function pairOf(uint256 seed) public view returns (Pair memory p) {
        p.token = address(tokens[seed % 2]);
        p.i = (seed / 2) % 3;
        uint256 j = (p.i + 1 + (seed / 6) % 2) % 3;
        (p.one, p.other) = (person(p.i), person(j));
        (p.id, p.last, p.opened, p.state, ) = channels.getChannelInfo(p.token, p.one, p.other);
    }

    function sign(address who, bytes memory payload, string memory prefix) private view returns (bytes memory) {
        bytes32 digest = keccak256(abi.encodePacked("\x19Spectrum Signed Message:\n", prefix, payload));
        uint256 key = who == person(0) ? keys[0] : who == person(1) ? keys[1] : keys[2];
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function held(Pair memory p) private view returns (uint256 one, uint256 other) {
        (one, , ) = channels.getChannelParticipantInfo(p.token, p.one, p.other);
        (other, , ) = channels.getChannelParticipantInfo(p.token, p.other, p.one);
    }

    function wealth(Pair memory p) private view returns (uint256) {
        return TestToken(p.token).balanceOf(p.one) + TestToken(p.token).balanceOf(p.other);
    }

    function pass(uint256 blocks) external {
        vm.roll(block.number + 1 + (blocks % 400));
    }

    function deposit(uint256 seed, uint256 amount) external {
        Pair memory p = pairOf(seed);
        if (p.state == 2) return;
        amount = 1 + (amount % 1e24);
        vm.prank(p.one);
        channels.deposit(p.token, p.one, p.other, amount, 60);
        paidIn[p.id] += amount;
    }

    function withdraw(uint256 seed, uint256 balance, uint256 amount) external {
        Pair memory p = pairOf(seed);
        if (p.state != 1 || p.opened == block.number) return;
        (uint256 a, uint256 b) = held(p);
        balance = balance % (a + b + 1);
        if (balance == 0) return;
        amount = 1 + (amount % balance);
        bytes memory payload = abi.encodePacked(p.one, balance, amount, p.id, p.opened, channels.chain_id());
        channels.withDraw(p.token, p.one, p.other, balance, amount, sign(p.one, payload, "156"), sign(p.other, payload, "156"));
        paidOut[p.id] += amount;
    }

    function agree(uint256 seed, uint256 balance) external {
        Pair memory p = pairOf(seed);
        if (p.state != 1 || p.opened == block.number) return;
        (uint256 a, uint256 b) = held(p);
        balance = balance % (a + b + 1);
        bytes memory payload = abi.encodePacked(p.one, balance, p.other, a + b - balance, p.id, p.opened, channels.chain_id());
        uint256 before = wealth(p);
        channels.cooperativeSettle(
            p.token, p.one, balance, p.other, a + b - balance, sign(p.one, payload, "176"), sign(p.other, payload, "176")
        );
        end(p, wealth(p) - before);
    }

    /// A proof of `other` towards `one`, with one lock or none; amounts may be far more than there is.
    function prove(Pair memory p, uint256 transferred, uint256 lock) private returns (Proof memory proof, bytes memory signature) {
        (, , uint64 nonce) = channels.getChannelParticipantInfo(p.token, p.other, p.one);
        proof.nonce = nonce + 1;
        proof.transferred = transferred >> (transferred % 200);
        lock = lock >> 140;
        proof.root = lock % 4 == 0 ? bytes32(0) : keccak256(abi.encodePacked(uint256(1e9), lock, sha256(abi.encodePacked(SECRET))));
        lockAmount[p.id][p.other] = lock;
        proofs[p.id][p.other] = proof;
        signature = sign(
            p.other,
            abi.encodePacked(proof.transferred, proof.root, proof.nonce, bytes32(0), p.id, p.opened, channels.chain_id()),
            "176"
        );
    }

    function close(uint256 seed, uint256 transferred, uint256 lock) external {
        Pair memory p = pairOf(seed);
        if (p.state != 1) return;
        (Proof memory proof, bytes memory signature) = prove(p, transferred, lock);
        vm.prank(p.one);
        channels.prepareSettle(p.token, p.other, proof.transferred, proof.root, proof.nonce, 0, signature);
    }

    function update(uint256 seed, uint256 transferred, uint256 lock) external {
        Pair memory p = pairOf(seed);
        (, , uint64 nonce) = channels.getChannelParticipantInfo(p.token, p.other, p.one);
        if (p.state != 2 || block.number > p.last || nonce == type(uint64).max) return;
        (Proof memory proof, bytes memory signature) = prove(p, transferred, lock);
        vm.prank(p.one);
        channels.updateBalanceProof(p.token, p.other, proof.transferred, proof.root, proof.nonce, 0, signature);
    }

    function reveal() external {
        if (channels.secret_registry().secrethash_to_block(sha256(abi.encodePacked(SECRET))) == 0) {
            channels.secret_registry().registerSecret(SECRET);
        }
    }

    function unlock(uint256 seed) external {
        Pair memory p = pairOf(seed);
        Proof storage proof = proofs[p.id][p.other];
        bytes32 secretHash = sha256(abi.encodePacked(SECRET));
        uint256 amount = lockAmount[p.id][p.other];
        if (p.state != 2 || block.number > p.last || proof.root == 0) return;
        if (channels.secret_registry().secrethash_to_block(secretHash) == 0) return;
        if (channels.queryUnlockedLocks(p.token, p.other, p.one, proof.root)) return;
        if (proof.transferred > type(uint256).max - amount) return;
        vm.prank(p.one);
        channels.unlock(p.token, p.other, proof.transferred, 1e9, amount, secretHash, "");
        proof.transferred += amount;
    }

    function punish(uint256 seed) external {
        Pair memory p = pairOf(seed);
        Proof storage proof = proofs[p.id][p.other];
        if (p.state != 2 || proof.root == 0 || !channels.queryUnlockedLocks(p.token, p.other, p.one, proof.root)) return;
        bytes memory payload = abi.encodePacked(proof.root, p.id, p.opened, channels.chain_id(), bytes32(0));
        channels.punishObsoleteUnlock(p.token, p.other, p.one, proof.root, 0, sign(p.one, payload, "136"));
        delete proofs[p.id][p.other];
    }

    function settle(uint256 seed) external {
        Pair memory p = pairOf(seed);
        if (p.state != 2 || block.number <= uint256(p.last) + 257) return;
        Proof memory one = proofs[p.id][p.one];
        Proof memory other = proofs[p.id][p.other];
        uint256 before = wealth(p);
        channels.settle(p.token, p.one, one.transferred, one.root, p.other, other.transferred, other.root);
        end(p, wealth(p) - before);
    }

    function end(Pair memory p, uint256 paid) private {
        if (paidOut[p.id] + paid != paidIn[p.id]) overpaid++;
        ended++;
        delete paidIn[p.id];
        delete paidOut[p.id];
        delete proofs[p.id][p.one];
        delete proofs[p.id][p.other];
    }
}

contract ChannelsTest {
    Channels private channels;
    People private people;

    /// The very code that hosts deploy, for Byzantium's EVM.
    function setUp() public {
        bytes memory code = abi.encodePacked(vm.envBytes("TOKENS_NETWORK_CODE"), uint256(20180430));
        address made;
        assembly {
            made := create(0, add(code, 32), mload(code))
        }
        require(made != address(0), "not deployed");
        channels = Channels(made);
        people = new People(channels);
        vm.roll(1000);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(people);
    }

    /// Whatever they do, each token's coins in the contract are those of its open and closed channels.
    function invariant_fundsConserved() public view {
        for (uint256 t = 0; t < 2; t++) {
            TestToken token = people.tokens(t);
            uint256 sum = 0;
            for (uint256 i = 0; i < 3; i++) {
                for (uint256 j = 0; j < 3; j++) {
                    if (i == j) continue;
                    (uint256 one, , ) = channels.getChannelParticipantInfo(address(token), people.person(i), people.person(j));
                    sum += one;
                }
            }
            require(token.balanceOf(address(channels)) == sum, "coins without a channel, or a channel without coins");
        }
    }

    /// No path, however it ended, paid more than its life's deposits, or less.
    function invariant_everyLifePaysItsDeposits() public view {
        require(people.overpaid() == 0, "a life's payments differ from its deposits");
    }

    /// Settling by any two amounts follows the rule and fits what is there.
    function testFuzz_settlement(uint96 deposit1, uint96 deposit2, uint256 t1, uint256 t2) public {
        deposit1 = deposit1 % 1e24 + 1;
        deposit2 = deposit2 % 1e24 + 1;
        TestToken token = people.tokens(0);
        (address a, address b) = (people.person(0), people.person(1));
        vm.prank(a);
        channels.deposit(address(token), a, b, deposit1, 60);
        vm.prank(b);
        channels.deposit(address(token), b, a, deposit2, 60);
        (bytes32 id, , uint64 opened, , ) = channels.getChannelInfo(address(token), a, b);
        bytes memory of2 = sign(2, abi.encodePacked(t2, bytes32(0), uint64(1), bytes32(0), id, opened, channels.chain_id()));
        bytes memory of1 = sign(1, abi.encodePacked(t1, bytes32(0), uint64(1), bytes32(0), id, opened, channels.chain_id()));
        vm.prank(a);
        channels.prepareSettle(address(token), b, t2, 0, 1, 0, of2);
        vm.prank(b);
        channels.updateBalanceProof(address(token), a, t1, 0, 1, 0, of1);
        vm.roll(block.number + 400);
        uint256 before = token.balanceOf(a);
        channels.settle(address(token), a, t1, 0, b, t2, 0);
        uint256 total = uint256(deposit1) + deposit2;
        uint256 expected = t2 >= t1
            ? (t2 - t1 >= deposit2 ? total : deposit1 + (t2 - t1))
            : (t1 - t2 >= deposit1 ? 0 : deposit1 - (t1 - t2));
        require(token.balanceOf(a) - before == expected, "not by the rule");
    }

    function sign(uint256 key, bytes memory payload) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19Spectrum Signed Message:\n176", payload)));
        return abi.encodePacked(r, s, v);
    }
}
