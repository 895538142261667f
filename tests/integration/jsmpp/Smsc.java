import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jsmpp.PDUStringException;
import org.jsmpp.bean.AbstractSmCommand;
import org.jsmpp.bean.BindType;
import org.jsmpp.bean.BroadcastSm;
import org.jsmpp.bean.CancelBroadcastSm;
import org.jsmpp.bean.CancelSm;
import org.jsmpp.bean.DataSm;
import org.jsmpp.bean.ESMClass;
import org.jsmpp.bean.InterfaceVersion;
import org.jsmpp.bean.NumberingPlanIndicator;
import org.jsmpp.bean.OptionalParameter;
import org.jsmpp.bean.QueryBroadcastSm;
import org.jsmpp.bean.QuerySm;
import org.jsmpp.bean.RawDataCoding;
import org.jsmpp.bean.RegisteredDelivery;
import org.jsmpp.bean.ReplaceSm;
import org.jsmpp.bean.SubmitMulti;
import org.jsmpp.bean.SubmitSm;
import org.jsmpp.bean.TypeOfNumber;
import org.jsmpp.extra.NegativeResponseException;
import org.jsmpp.extra.ProcessRequestException;
import org.jsmpp.session.BindRequest;
import org.jsmpp.session.BroadcastSmResult;
import org.jsmpp.session.DataSmResult;
import org.jsmpp.session.QueryBroadcastSmResult;
import org.jsmpp.session.QuerySmResult;
import org.jsmpp.session.SMPPServerSession;
import org.jsmpp.session.SMPPServerSessionListener;
import org.jsmpp.session.ServerMessageReceiverListener;
import org.jsmpp.session.Session;
import org.jsmpp.session.SubmitMultiResult;
import org.jsmpp.session.SubmitSmResult;
import org.jsmpp.util.MessageId;

/**
 * jSMPP's server in the hand of a test, which writes commands to its standard input and reads what happens from
 * its standard output, a line each, in fields parted by spaces. Texts are in hex; "-" is an empty field.
 *
 * <pre>
 * refuse STATUS COUNT                      the next submit_sm are refused with it
 * deliver FROM TO ESM CODING HEX [TLV]     bring a deliver_sm; TLV is TAG=HEX,TAG=HEX
 * drop                                     close all connections without a word
 * unbind                                   end all sessions in order
 * </pre>
 */
public final class Smsc implements ServerMessageReceiverListener {
  private static final HexFormat HEX = HexFormat.of();
  private final AtomicInteger ids = new AtomicInteger(0xA0);
  private final List<SMPPServerSession> sessions = new CopyOnWriteArrayList<>();
  private final ExecutorService work = Executors.newCachedThreadPool();
  private final String password;
  private int refusals;
  private int refusal;

  private Smsc(String password) {
    this.password = password;
  }

  public static void main(String[] arguments) throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Smsc smsc = new Smsc(arguments[0]);
    SMPPServerSessionListener listener = new SMPPServerSessionListener(port);
    smsc.work.submit(() -> smsc.accept(listener));
    say("listens " + port);
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      smsc.obey(line.split(" "));
    }
    System.exit(0);
  }

  private static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private void accept(SMPPServerSessionListener listener) {
    while (true) {
      try {
        SMPPServerSession session = listener.accept();
        work.submit(() -> admit(session));
      } catch (IOException error) {
        return;
      }
    }
  }

  private void admit(SMPPServerSession session) {
    try {
      BindRequest request = session.waitForBind(5000);
      if (!request.getPassword().equals(password)) {
        request.reject(0x0E);
        say("refused " + request.getBindType());
        return;
      }
      session.setMessageReceiverListener(this);
      session.setEnquireLinkTimer(60000);
      session.setTransactionTimer(10000);
      sessions.add(session);
      session.addSessionStateListener((next, last, source) -> {
        if (next.toString().equals("CLOSED") && sessions.remove(session)) {
          say("closed");
        }
      });
      request.accept("jsmpp", InterfaceVersion.IF_34);
      say("bound " + request.getBindType() + " " + request.getSystemId() + " "
          + request.getInterfaceVersion());
    } catch (IOException | TimeoutException | PDUStringException error) {
      say("unbound " + error.getClass().getSimpleName());
    }
  }

  private void obey(String[] words) {
    switch (words[0]) {
      case "refuse" -> {
        synchronized (this) {
          refusal = Integer.decode(words[1]);
          refusals = Integer.parseInt(words[2]);
        }
        say("will refuse");
      }
      case "deliver" -> work.submit(() -> deliver(words));
      case "drop" -> sessions.forEach(SMPPServerSession::close);
      case "unbind" -> sessions.forEach(SMPPServerSession::unbindAndClose);
      default -> say("unknown " + words[0]);
    }
  }

  private void deliver(String[] words) {
    SMPPServerSession receiving = sessions.stream()
        .filter(session -> session.getSessionState().isReceivable()).findFirst().orElse(null);
    if (receiving == null) {
      say("delivered nobody");
      return;
    }
    try {
      receiving.deliverShortMessage("", TypeOfNumber.INTERNATIONAL, NumberingPlanIndicator.ISDN, words[1],
          TypeOfNumber.NETWORK_SPECIFIC, NumberingPlanIndicator.UNKNOWN, words[2],
          new ESMClass(Integer.decode(words[3])), (byte) 0, (byte) 0, new RegisteredDelivery(0),
          new RawDataCoding((byte) (int) Integer.decode(words[4])), bytes(words[5]),
          words.length > 6 ? parameters(words[6]) : new OptionalParameter[0]);
      say("delivered 0");
    } catch (NegativeResponseException refused) {
      say("delivered " + refused.getCommandStatus());
    } catch (Exception error) {
      say("delivered " + error.getClass().getSimpleName());
    }
  }

  private static byte[] bytes(String hex) {
    return hex.equals("-") ? new byte[0] : HEX.parseHex(hex);
  }

  private static OptionalParameter[] parameters(String told) {
    String[] pairs = told.split(",");
    OptionalParameter[] found = new OptionalParameter[pairs.length];
    for (int number = 0; number < pairs.length; number++) {
      String[] pair = pairs[number].split("=");
      found[number] =
          new OptionalParameter.OctetString((short) (int) Integer.decode(pair[0]), bytes(pair[1]));
    }
    return found;
  }

  @Override
  public SubmitSmResult onAcceptSubmitSm(SubmitSm submitted, SMPPServerSession source)
      throws ProcessRequestException {
    synchronized (this) {
      if (refusals > 0) {
        refusals--;
        say("refused submit");
        throw new ProcessRequestException("as asked", refusal);
      }
    }
    String id = Integer.toHexString(ids.getAndIncrement()).toUpperCase();
    OptionalParameter.OctetString payload = (OptionalParameter.OctetString) submitted
        .getOptionalParameter(OptionalParameter.Tag.MESSAGE_PAYLOAD);
    say(String.join(" ", "submit", id,
        address(submitted.getSourceAddrTon(), submitted.getSourceAddrNpi(), submitted.getSourceAddr()),
        address(submitted.getDestAddrTon(), submitted.getDestAddrNpi(), submitted.getDestAddress()),
        number(submitted.getEsmClass()), number(submitted.getDataCoding()),
        number(submitted.getRegisteredDelivery()), hex(submitted.getShortMessage()),
        hex(payload == null ? null : payload.getValue()), sar(submitted)));
    try {
      return new SubmitSmResult(new MessageId(id), new OptionalParameter[0]);
    } catch (PDUStringException error) {
      throw new ProcessRequestException("no id", 8);
    }
  }

  private static String address(byte ton, byte npi, String text) {
    return ton + "/" + npi + "/" + text;
  }

  private static String number(byte octet) {
    return Integer.toString(octet & 0xFF);
  }

  private static String hex(byte[] octets) {
    return octets == null || octets.length == 0 ? "-" : HEX.formatHex(octets);
  }

  private static String sar(AbstractSmCommand submitted) {
    OptionalParameter total = submitted.getOptionalParameter(OptionalParameter.Tag.SAR_TOTAL_SEGMENTS);
    OptionalParameter number = submitted.getOptionalParameter(OptionalParameter.Tag.SAR_SEGMENT_SEQNUM);
    return total == null || number == null ? "-"
        : ((OptionalParameter.Byte) number).getValue() + "/" + ((OptionalParameter.Byte) total).getValue();
  }

  @Override
  public SubmitMultiResult onAcceptSubmitMulti(SubmitMulti any, SMPPServerSession source)
      throws ProcessRequestException {
    throw new ProcessRequestException("not here", 3);
  }

  @Override
  public QuerySmResult onAcceptQuerySm(QuerySm any, SMPPServerSession source)
      throws ProcessRequestException {
    throw new ProcessRequestException("not here", 3);
  }

  @Override
  public void onAcceptReplaceSm(ReplaceSm any, SMPPServerSession source) throws ProcessRequestException {
    throw new ProcessRequestException("not here", 3);
  }

  @Override
  public void onAcceptCancelSm(CancelSm any, SMPPServerSession source) throws ProcessRequestException {
    throw new ProcessRequestException("not here", 3);
  }

  @Override
  public BroadcastSmResult onAcceptBroadcastSm(BroadcastSm any, SMPPServerSession source)
      throws ProcessRequestException {
    throw new ProcessRequestException("not here", 3);
  }

  @Override
  public void onAcceptCancelBroadcastSm(CancelBroadcastSm any, SMPPServerSession source)
      throws ProcessRequestException {
    throw new ProcessRequestException("not here", 3);
  }

  @Override
  public QueryBroadcastSmResult onAcceptQueryBroadcastSm(QueryBroadcastSm any, SMPPServerSession source)
      throws ProcessRequestException {
    throw new ProcessRequestException("not here", 3);
  }

  @Override
  public DataSmResult onAcceptDataSm(DataSm any, Session source) throws ProcessRequestException {
    throw new ProcessRequestException("not here", 3);
  }
}
