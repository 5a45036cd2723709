// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

import {BoxRegistry} from "contracts/BoxRegistry.sol";
import {ContributionWeights} from "contracts/ContributionWeights.sol";
import {MeshToken} from "contracts/MeshToken.sol";
import {MiningEmission} from "contracts/MiningEmission.sol";
import {RewardPool} from "contracts/RewardPool.sol";
import {SmtHolderClaim} from "contracts/SmtHolderClaim.sol";
import {vm} from "./Vm.sol";

function expect(bool condition, string memory what) pure {
    require(condition, what);
}

abstract contract Deployed {
    MeshToken internal mesh;
    MiningEmission internal mining;
    bytes32 internal leaf = keccak256(bytes.concat(keccak256(abi.encode(address(0xa1), uint256(250_000_000 ether)))));
    bytes32 internal otherLeaf = keccak256(bytes.concat(keccak256(abi.encode(address(0xa2), uint256(50_000_000 ether)))));

    function deploy() internal {
        vm.warp(1_800_000_000);
        bytes32 root = leaf < otherLeaf
            ? keccak256(abi.encodePacked(leaf, otherLeaf))
            : keccak256(abi.encodePacked(otherLeaf, leaf));
        MeshToken.Holders memory holders = MeshToken.Holders(
            address(1001), address(1002), address(1003), address(1004), address(1005), address(1006)
        );
        mesh = new MeshToken(holders, address(this), root);
        mining = mesh.mining();
    }
}

contract MeshTokenTest is Deployed {
    function setUp() public {
        deploy();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](4);
        targets[0] = address(mesh);
        targets[1] = address(mining);
        targets[2] = address(mesh.smtHolderClaim());
        targets[3] = address(mesh.teamLock());
    }

    /// forge-config: default.invariant.fail-on-revert = false
    function invariant_tenBillionForEver() public view {
        expect(mesh.totalSupply() == 10_000_000_000 ether, "supply moved");
    }

    function test_split() public view {
        uint256 percent = 100_000_000 ether;
        expect(mesh.balanceOf(address(mining)) == 40 * percent, "mining");
        expect(mesh.balanceOf(address(1001)) == 20 * percent, "presale");
        expect(mesh.balanceOf(address(1002)) == 15 * percent, "foundation");
        expect(mesh.balanceOf(address(mesh.teamLock())) == 10 * percent, "team");
        expect(mesh.balanceOf(address(1004)) + mesh.balanceOf(address(mesh.smtHolderClaim())) == 7 * percent, "marketing");
        expect(mesh.balanceOf(address(mesh.smtHolderClaim())) == 300_000_000 ether, "SMT holders");
        expect(mesh.balanceOf(address(1005)) == 5 * percent, "advisors");
        expect(mesh.balanceOf(address(1006)) == 3 * percent, "standards");
    }

    function test_teamLockedTwoYears() public {
        vm.warp(1_800_000_000 + 2 * 365 days - 1);
        mesh.teamLock().release(address(mesh));
        expect(mesh.balanceOf(address(1003)) == 0, "too early");
        vm.warp(1_800_000_000 + 2 * 365 days);
        mesh.teamLock().release(address(mesh));
        expect(mesh.balanceOf(address(1003)) == 1_000_000_000 ether, "not whole");
    }

    function test_claimOnceByProof() public {
        SmtHolderClaim claim = mesh.smtHolderClaim();
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = otherLeaf;
        vm.expectRevert();
        claim.claim(address(0xa1), 250_000_001 ether, proof);
        claim.claim(address(0xa1), 250_000_000 ether, proof);
        vm.expectRevert();
        claim.claim(address(0xa1), 250_000_000 ether, proof);
        proof[0] = leaf;
        claim.claim(address(0xa2), 50_000_000 ether, proof);
        expect(mesh.balanceOf(address(claim)) == 0, "something is left");
    }

    function test_emissionHalves() public view {
        uint256 start = mining.start();
        uint256 period = mining.PERIOD();
        uint256 before = 0;
        uint256 expected = 2_000_000_000 ether;
        for (uint256 i = 1; i <= 20; i++) {
            uint256 now_ = mining.emitted(start + i * period);
            uint256 part = now_ - before;
            expect(part >= expected && part - expected <= 1, "not half of the one before");
            expected /= 2;
            before = now_;
        }
        expect(mining.emitted(start + 91 * period) < mining.TOTAL(), "ends before the 92nd period");
        expect(mining.emitted(start + 92 * period) == mining.TOTAL(), "something is left");
        expect(mining.emitted(type(uint256).max) == mining.TOTAL(), "more than there is");
    }

    function testFuzz_emissionGrowsAndEnds(uint64 a, uint64 b) public view {
        (uint256 early, uint256 late) = a < b ? (a, b) : (b, a);
        expect(mining.emitted(early) <= mining.emitted(late) && mining.emitted(late) <= mining.TOTAL(), "not monotone");
    }

    function test_receiverIsSetOnce() public {
        vm.expectRevert();
        mining.release();
        mining.setReceiver(address(7));
        vm.expectRevert();
        mining.setReceiver(address(8));
        vm.warp(1_800_000_000 + 365 days);
        mining.release();
        expect(mesh.balanceOf(address(7)) == 1_000_000_000 ether, "a year is half of the first period");
    }
}

contract RegistryTest {
    BoxRegistry private registry;
    address private box;

    function setUp() public {
        registry = new BoxRegistry();
        box = vm.addr(11);
    }

    function sign(uint256 key, bytes32 message) private view returns (bytes memory) {
        (, string memory name, string memory version, uint256 chain, address where, , ) = registry.eip712Domain();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)), keccak256(bytes(version)), chain, where
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", domain, message)));
        return abi.encodePacked(r, s, v);
    }

    function test_bindMoveUnbind() public {
        bytes memory first = sign(11, keccak256(abi.encode(registry.BIND_TYPEHASH(), box, address(1), 0)));
        registry.bind(box, address(1), first);
        expect(registry.walletOf(box) == address(1) && registry.boxCount() == 1 && registry.boxAt(0) == box, "not bound");
        vm.expectRevert();
        registry.bind(box, address(1), first);
        registry.bind(box, address(2), sign(11, keccak256(abi.encode(registry.BIND_TYPEHASH(), box, address(2), 1))));
        expect(registry.walletOf(box) == address(2) && registry.boxCount() == 1, "not moved");
        bytes memory foreign = sign(12, keccak256(abi.encode(registry.UNBIND_TYPEHASH(), box, 2)));
        vm.expectRevert();
        registry.unbind(box, foreign);
        registry.unbind(box, sign(11, keccak256(abi.encode(registry.UNBIND_TYPEHASH(), box, 2))));
        expect(registry.walletOf(box) == address(0) && registry.boxCount() == 0, "not unbound");
    }

    function test_walletLetsGo() public {
        registry.bind(box, address(1), sign(11, keccak256(abi.encode(registry.BIND_TYPEHASH(), box, address(1), 0))));
        vm.expectRevert();
        registry.unbindByWallet(box);
        vm.prank(address(1));
        registry.unbindByWallet(box);
        expect(registry.walletOf(box) == address(0), "still bound");
    }
}

/// A registry whose bindings a test writes down.
contract OpenRegistry {
    mapping(address => address) public walletOf;

    function set(address box, address wallet) external {
        walletOf[box] = wallet;
    }
}

contract WeightsTest {
    function world(uint256[] memory scores, uint256[] memory owners) private returns (ContributionWeights weights) {
        OpenRegistry registry = new OpenRegistry();
        weights = new ContributionWeights(BoxRegistry(address(registry)), address(this));
        for (uint256 i = 0; i < scores.length; i++) {
            registry.set(address(uint160(1 + i)), address(uint160(1000 + owners[i])));
            weights.record(1, address(uint160(1 + i)), scores[i], 0, 0);
        }
    }

    function sumOf(ContributionWeights weights, uint256 from, uint256 to) private view returns (uint256 sum) {
        (address[] memory boxes, uint32[] memory values) = weights.weights(1);
        for (uint256 i = 0; i < boxes.length; i++) {
            if (uint160(boxes[i]) > from && uint160(boxes[i]) <= to) sum += values[i];
        }
    }

    function scoresOf(uint256 seed, uint256 n) private pure returns (uint256[] memory scores, uint256[] memory owners) {
        scores = new uint256[](n);
        owners = new uint256[](n);
        for (uint256 i = 0; i < n; i++) {
            uint256 r = uint256(keccak256(abi.encode(seed, i)));
            scores[i] = 1000 + (r % (1 << (10 + (r >> 128) % 40)));
            owners[i] = i;
        }
    }

    /// All of the scale but one unit for each rounding, and nobody above an eighth.
    function testFuzz_sumAndCap(uint256 seed) public {
        uint256 n = 16 + (seed % 8);
        (uint256[] memory scores, uint256[] memory owners) = scoresOf(seed, n);
        ContributionWeights weights = world(scores, owners);
        uint256 all = sumOf(weights, 0, n);
        expect(all <= weights.SCALE() && all + 2 * n >= weights.SCALE(), "sum");
        for (uint256 i = 0; i < n; i++) expect(sumOf(weights, i, i + 1) <= weights.SCALE() / 8, "cap");
    }

    /// One owner's box split into five boxes of his: the same weight, less at most two roundings for each.
    function testFuzz_splitBoxGainsNothing(uint256 seed) public {
        (uint256[] memory scores, uint256[] memory owners) = scoresOf(seed, 20);
        uint256 whole = sumOf(world(scores, owners), 19, 20);
        uint256[] memory more = new uint256[](24);
        uint256[] memory whose = new uint256[](24);
        for (uint256 i = 0; i < 24; i++) {
            more[i] = i < 19 ? scores[i] : scores[19] / 5 + (i == 19 ? scores[19] % 5 : 0);
            whose[i] = i < 19 ? i : 19;
        }
        uint256 split = sumOf(world(more, whose), 19, 24);
        expect(split <= whole + 1 && split + 10 >= whole, "a split changed the weight");
    }

    /// The same split under five owners: nothing gained as long as the whole was below the cap.
    function testFuzz_splitOwnerBelowCapGainsNothing(uint256 seed) public {
        (uint256[] memory scores, uint256[] memory owners) = scoresOf(seed, 20);
        for (uint256 i = 0; i < 20; i++) scores[i] = 1e9 + (scores[i] % 1e9);
        uint256 whole = sumOf(world(scores, owners), 19, 20);
        uint256[] memory more = new uint256[](24);
        uint256[] memory whose = new uint256[](24);
        for (uint256 i = 0; i < 24; i++) {
            more[i] = i < 19 ? scores[i] : scores[19] / 5;
            whose[i] = i;
        }
        expect(sumOf(world(more, whose), 19, 24) <= whole + 1, "a split changed the weight");
    }

    function test_decaysAndIsForgotten() public {
        (uint256[] memory scores, uint256[] memory owners) = scoresOf(1, 2);
        ContributionWeights weights = world(scores, owners);
        address box = address(uint160(1));
        expect(weights.scoreOf(box, 2) == scores[0] - scores[0] / 8, "an eighth");
        expect(weights.scoreOf(box, 1000) == 0, "forgotten");
        weights.record(3, box, 0, 80, 0);
        uint256 at3 = weights.scoreOf(box, 3);
        weights.record(2, box, 0, 0, 80);
        expect(weights.scoreOf(box, 3) == at3 + 70, "late comes decayed");
        vm.expectRevert();
        weights.record(2, box, 1, 1, 1);
        vm.prank(address(5));
        vm.expectRevert();
        weights.record(9, box, 1, 1, 1);
    }

    function test_fewOwners() public {
        (uint256[] memory scores, uint256[] memory owners) = scoresOf(3, 1);
        ContributionWeights one = world(scores, owners);
        expect(sumOf(one, 0, 1) == one.SCALE(), "one box has all");
        uint256[] memory three = new uint256[](3);
        uint256[] memory who = new uint256[](3);
        (three[0], three[1], three[2], who[1], who[2]) = (1e6, 1e3, 1e3, 1, 2);
        ContributionWeights weights = world(three, who);
        expect(sumOf(weights, 0, 1) <= (weights.SCALE() * 2) / 3 + 1, "twice the mean");
    }
}

contract PoolTest is Deployed {
    RewardPool private pool;
    BoxRegistry private registry;
    address private box;
    address private owner = address(0xbeef);

    receive() external payable {}

    function setUp() public {
        deploy();
        registry = new BoxRegistry();
        pool = new RewardPool(registry, mining);
        mining.setReceiver(address(pool));
        box = bindBox(11, owner);
    }

    function bindBox(uint256 key, address wallet) private returns (address made) {
        made = vm.addr(key);
        (, string memory name, string memory version, uint256 chain, address where, , ) = registry.eip712Domain();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)), keccak256(bytes(version)), chain, where
            )
        );
        bytes32 message = keccak256(abi.encode(registry.BIND_TYPEHASH(), made, wallet, 0));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", domain, message)));
        registry.bind(made, wallet, abi.encodePacked(r, s, v));
    }

    function receiptOf(uint64 epoch, uint64 i) private view returns (RewardPool.Receipt memory) {
        return RewardPool.Receipt(vm.addr(100 + i), box, i, epoch, i * 1000, i * 1000 + 100 + i, 5);
    }

    struct Tree {
        bytes32[3] leaf;
        bytes32 pair;
        bytes32 root;
        uint128 sum;
    }

    /// Three receipts of 100, 101 and 102 octets; the third stands alone on the first level.
    function treeOf(uint64 epoch) private view returns (Tree memory t) {
        for (uint64 i = 0; i < 3; i++) t.leaf[i] = pool.receiptDigest(receiptOf(epoch, i));
        t.pair = keccak256(abi.encodePacked(t.leaf[0], uint128(100), t.leaf[1], uint128(101)));
        t.root = keccak256(abi.encodePacked(t.pair, uint128(201), t.leaf[2], uint128(102)));
        t.sum = 303;
    }

    function pathOf(Tree memory t, uint32 i) private pure returns (RewardPool.Step[] memory path) {
        if (i == 2) {
            path = new RewardPool.Step[](1);
            path[0] = RewardPool.Step(t.pair, 201);
        } else {
            path = new RewardPool.Step[](2);
            path[0] = i == 0 ? RewardPool.Step(t.leaf[1], 101) : RewardPool.Step(t.leaf[0], 100);
            path[1] = RewardPool.Step(t.leaf[2], 102);
        }
    }

    function submitted(uint256 fee) private returns (uint64 epoch, Tree memory t) {
        epoch = pool.epochNow();
        pool.payFee{value: fee}(box);
        t = treeOf(epoch);
        vm.warp(block.timestamp + 1 days);
        vm.prank(owner);
        pool.submit(epoch, box, t.root, t.sum, 3);
    }

    function answer(uint64 epoch, Tree memory t, uint32 i, uint256 key) private {
        RewardPool.Receipt memory receipt = receiptOf(epoch, i);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, pool.receiptDigest(receipt));
        pool.answer(epoch, box, receipt, abi.encodePacked(r, s, v), pathOf(t, i));
    }

    function test_everyLeafCanBeShown() public {
        (uint64 epoch, Tree memory t) = submitted(1 ether);
        for (uint32 i = 0; i < 3; i++) {
            pool.challenge{value: 0.01 ether}(epoch, box, i);
            answer(epoch, t, i, 100 + i);
        }
        expect(pool.owed(owner) == 0.03 ether, "bonds");
    }

    function test_forgedReceiptIsNoAnswer() public {
        (uint64 epoch, Tree memory t) = submitted(1 ether);
        pool.challenge{value: 0.01 ether}(epoch, box, 1);
        vm.expectRevert();
        this.tryAnswer(epoch, t, 1, 101 + 1);
        vm.expectRevert();
        this.tryAnswer(epoch, t, 0, 100);
        vm.warp(block.timestamp + 7 days + 1);
        pool.voidRecord(epoch, box);
        expect(pool.owed(address(this)) == 0.01 ether, "bond comes back");
        vm.expectRevert();
        pool.credit(epoch, box);
        vm.prank(owner);
        vm.expectRevert();
        pool.submit(epoch, box, t.root, t.sum, 3);
    }

    function tryAnswer(uint64 epoch, Tree memory t, uint32 i, uint256 key) external {
        answer(epoch, t, i, key);
    }

    function test_inflatedSumCannotBeShown() public {
        uint64 epoch = pool.epochNow();
        pool.payFee{value: 1 ether}(box);
        Tree memory t = treeOf(epoch);
        vm.warp(block.timestamp + 1 days);
        vm.prank(owner);
        pool.submit(epoch, box, t.root, 304, 3);
        pool.challenge{value: 0.01 ether}(epoch, box, 2);
        vm.expectRevert();
        this.tryAnswer(epoch, t, 2, 102);
    }

    /// One's own traffic: the fee comes back but for a quarter, and MESH is within all three limits.
    function testFuzz_washLosesBelowBreakEven(uint96 fee, uint96 honest, uint96 stake) public {
        uint256 paid = uint256(fee) % 1000 ether + 1;
        uint64 epoch = pool.epochNow();
        if (honest % 1000 ether > 0) pool.payFee{value: honest % 1000 ether}(address(0x777));
        (bool ok, ) = owner.call{value: stake % 1000 ether}("");
        expect(ok, "funded");
        vm.prank(owner);
        pool.stake{value: stake % 1000 ether}();
        submitted(paid);
        vm.warp(block.timestamp + 7 days);
        pool.credit(epoch, box);
        uint256 back = pool.owed(owner);
        expect(back == (paid * 3) / 4, "k of the fee");
        uint256 got = mesh.balanceOf(owner);
        expect(got <= paid * 4 && got <= (stake % 1000 ether) / 1000 && got <= pool.emissionOf(epoch) / 8, "emission");
        // At the published price, in units of 2^-64, what was got is worth at most what was lost.
        uint256 price = pool.breakEven(epoch, pool.feesOf(epoch));
        expect((got * price) >> 64 <= paid - back, "wash gains at the published price");
        vm.expectRevert();
        pool.credit(epoch, box);
    }

    function test_stakeComesBackWhole() public {
        pool.stake{value: 5 ether}();
        pool.unstake(5 ether);
        vm.expectRevert();
        pool.takeStake();
        vm.warp(block.timestamp + 14 days);
        uint256 before = address(this).balance;
        pool.takeStake();
        expect(address(this).balance - before == 5 ether, "stake");
    }

    function test_onlyInTimeAndWithFee() public {
        uint64 epoch = pool.epochNow();
        vm.prank(owner);
        vm.expectRevert();
        pool.submit(epoch, box, bytes32(uint256(1)), 1, 1);
        pool.payFee{value: 1}(box);
        vm.warp(block.timestamp + 9 days);
        vm.prank(owner);
        vm.expectRevert();
        pool.submit(epoch, box, bytes32(uint256(1)), 1, 1);
    }
}

/// Two owners with three boxes who do anything that the pool may accept, in any order.
contract Farmers {
    RewardPool public immutable pool;
    address[3] public boxes;
    address[2] public owners = [address(0xbeef), address(0xcafe)];
    uint256 public openBonds;
    uint256 public feesPaid;
    uint256 public feesCredited;

    constructor(RewardPool pool_, address[3] memory boxes_) payable {
        pool = pool_;
        boxes = boxes_;
        for (uint256 i = 0; i < 2; i++) {
            (bool ok, ) = owners[i].call{value: 1e6 ether}("");
            require(ok, "funded");
        }
    }

    receive() external payable {}

    function ownerOf(uint256 box) private view returns (address) {
        return owners[box == 2 ? 1 : 0];
    }

    struct Filed {
        uint64 epoch;
        uint256 box;
    }
    Filed[] private paid;
    Filed[] private filed;

    function pick(Filed[] storage from, uint256 seed) private view returns (uint64 epoch, uint256 box, bool any) {
        any = from.length > 0;
        if (any) (epoch, box) = (from[seed % from.length].epoch, from[seed % from.length].box);
    }

    function stateOf(uint64 epoch, address box) private view returns (uint8 state, uint64 challengeable, uint64 answerBy, uint32 leaf) {
        (, , , state, challengeable, answerBy, leaf, , , ) = pool.records(epoch, box);
    }

    /// The only receipt of a record: from a person of key 100, for the whole record.
    function receiptOf(uint64 epoch, address box) private view returns (RewardPool.Receipt memory) {
        return RewardPool.Receipt(vm.addr(100), box, 1, epoch, 0, 500, 7);
    }

    function pass(uint256 hours_) external {
        vm.warp(block.timestamp + (hours_ % 80) * 1 hours);
    }

    function payFee(uint256 box, uint256 amount) external {
        amount = 1 + (amount % 100 ether);
        pool.payFee{value: amount}(boxes[box % 3]);
        feesPaid += amount;
        paid.push(Filed(pool.epochNow(), box % 3));
    }

    function stake(uint256 who, uint256 amount) external {
        vm.prank(owners[who % 2]);
        pool.stake{value: amount % 1000 ether}();
    }

    function unstake(uint256 who, uint256 amount) external {
        address owner = owners[who % 2];
        amount = amount % (pool.stakeOf(owner) + 1);
        vm.prank(owner);
        pool.unstake(amount);
    }

    function takeStake(uint256 who) external {
        address owner = owners[who % 2];
        if (pool.leaving(owner) == 0 || block.timestamp < pool.leavesAt(owner)) return;
        vm.prank(owner);
        pool.takeStake();
    }

    function submit(uint256 seed) external {
        (uint64 epoch, uint256 box, bool any) = pick(paid, seed);
        if (!any) return;
        address it = boxes[box];
        (uint8 state, , , ) = stateOf(epoch, it);
        if (state != 0 || pool.fees(epoch, it) == 0 || epoch >= pool.epochNow()) return;
        if (block.timestamp >= (uint256(epoch) + 1) * 1 days + 7 days) return;
        bytes32 leaf = pool.receiptDigest(receiptOf(epoch, it));
        vm.prank(ownerOf(box));
        pool.submit(epoch, it, leaf, 500, 1);
        filed.push(Filed(epoch, box));
    }

    function challenge(uint256 seed) external {
        (uint64 epoch, uint256 box, bool any) = pick(filed, seed);
        if (!any) return;
        address it = boxes[box];
        (uint8 state, uint64 until, , ) = stateOf(epoch, it);
        if (state != 1 || block.timestamp >= until) return;
        pool.challenge{value: 0.01 ether}(epoch, it, 0);
        openBonds++;
    }

    function answer(uint256 seed) external {
        (uint64 epoch, uint256 box, bool any) = pick(filed, seed);
        if (!any) return;
        address it = boxes[box];
        (uint8 state, , uint64 answerBy, ) = stateOf(epoch, it);
        if (state != 2 || block.timestamp > answerBy) return;
        RewardPool.Receipt memory receipt = receiptOf(epoch, it);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(100, pool.receiptDigest(receipt));
        pool.answer(epoch, it, receipt, abi.encodePacked(r, s, v), new RewardPool.Step[](0));
        openBonds--;
    }

    function voidRecord(uint256 seed) external {
        (uint64 epoch, uint256 box, bool any) = pick(filed, seed);
        if (!any) return;
        address it = boxes[box];
        (uint8 state, , uint64 answerBy, ) = stateOf(epoch, it);
        if (state != 2 || block.timestamp <= answerBy) return;
        pool.voidRecord(epoch, it);
        openBonds--;
    }

    function credit(uint256 seed) external {
        (uint64 epoch, uint256 box, bool any) = pick(filed, seed);
        if (!any) return;
        address it = boxes[box];
        (uint8 state, uint64 until, , ) = stateOf(epoch, it);
        if (state != 1 || block.timestamp < until) return;
        pool.credit(epoch, it);
        feesCredited += pool.fees(epoch, it);
    }

    function take(uint256 who) external {
        address owner = who % 3 == 2 ? address(this) : owners[who % 3];
        if (pool.owed(owner) == 0) return;
        vm.prank(owner);
        pool.take();
    }
}

contract PoolSolvencyTest is Deployed {
    RewardPool private pool;
    Farmers private farmers;

    function setUp() public {
        deploy();
        OpenRegistry registry = new OpenRegistry();
        pool = new RewardPool(BoxRegistry(address(registry)), mining);
        mining.setReceiver(address(pool));
        address[3] memory boxes = [vm.addr(11), vm.addr(12), vm.addr(13)];
        farmers = new Farmers{value: 1e7 ether}(pool, boxes);
        for (uint256 i = 0; i < 3; i++) registry.set(boxes[i], farmers.owners(i == 2 ? 1 : 0));
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(farmers);
    }

    /// What anybody can ever ask for is there: rewards, stakes, stakes on their way out, bonds.
    function invariant_poolCanPay() public view {
        uint256 due = farmers.openBonds() * pool.BOND() + pool.owed(address(farmers));
        for (uint256 i = 0; i < 2; i++) {
            address owner = farmers.owners(i);
            due += pool.owed(owner) + pool.stakeOf(owner) + pool.leaving(owner);
        }
        expect(address(pool).balance >= due, "the pool owes more than it has");
    }

    /// A quarter of every fee that was credited stays in the pool, and the whole of every other.
    function invariant_aQuarterStays() public view {
        uint256 kept = address(pool).balance - farmers.openBonds() * pool.BOND() - pool.owed(address(farmers));
        for (uint256 i = 0; i < 2; i++) {
            address owner = farmers.owners(i);
            kept -= pool.owed(owner) + pool.stakeOf(owner) + pool.leaving(owner);
        }
        expect(kept >= farmers.feesPaid() - (farmers.feesCredited() * 3) / 4, "more than k of the fees left");
    }
}
